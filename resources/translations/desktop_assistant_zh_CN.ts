<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
<context>
    <name>AssistPanel</name>
    <message>
        <source>Next: {0}</source>
        <translation>下一步：{0}</translation>
    </message>
    <message>
        <source>Assist</source>
        <translation>智能辅助</translation>
    </message>
    <message>
        <source>INTENT</source>
        <translation>客户意图</translation>
    </message>
    <message>
        <source>SENTIMENT</source>
        <translation>客户情绪</translation>
    </message>
    <message>
        <source>SUGGESTED REPLIES</source>
        <translation>推荐回复</translation>
    </message>
    <message>
        <source>KNOWLEDGE</source>
        <translation>知识库</translation>
    </message>
</context>
<context>
    <name>ChatHeader</name>
    <message>
        <source>Resolve</source>
        <translation>结束会话</translation>
    </message>
    <message>
        <source>Resolve this conversation</source>
        <translation>结束此会话</translation>
    </message>
    <message>
        <source>Resolve (Ctrl+Shift+R)</source>
        <translation>结束会话（Ctrl+Shift+R）</translation>
    </message>
</context>
<context>
    <name>ChatPane</name>
    <message>
        <source>No conversation is open</source>
        <translation>没有打开的会话</translation>
    </message>
    <message>
        <source>Order {0}</source>
        <translation>订单 {0}</translation>
    </message>
    <message>
        <source>Web chat</source>
        <translation>网页咨询</translation>
    </message>
    <message>
        <source>Email</source>
        <translation>邮件</translation>
    </message>
    <message>
        <source>waiting {0}</source>
        <translation>已等待 {0}</translation>
    </message>
</context>
<context>
    <name>Composer</name>
    <message>
        <source>Reply</source>
        <translation>回复</translation>
    </message>
    <message>
        <source>Tab takes the grey text, Ctrl+Right a word of it, Escape dismisses it</source>
        <translation>按 Tab 采纳灰色补全，按 Ctrl+右箭头采纳一个词，按 Esc 取消</translation>
    </message>
    <message>
        <source>Write a reply…</source>
        <translation>输入回复…</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>发送</translation>
    </message>
    <message>
        <source>Send the reply</source>
        <translation>发送回复</translation>
    </message>
    <message>
        <source>Send (Ctrl+Enter)</source>
        <translation>发送（Ctrl+Enter）</translation>
    </message>
    <message>
        <source>accept</source>
        <translation>采纳</translation>
    </message>
    <message>
        <source>word</source>
        <translation>逐词</translation>
    </message>
    <message>
        <source>dismiss</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>send</source>
        <translation>发送</translation>
    </message>
</context>
<context>
    <name>ConversationList</name>
    <message>
        <source>Conversations</source>
        <translation>会话</translation>
    </message>
    <message>
        <source>{0} open</source>
        <translation>进行中 {0}</translation>
    </message>
    <message>
        <source>Search  (Ctrl+K)</source>
        <translation>搜索会话（Ctrl+K）</translation>
    </message>
    <message>
        <source>Search the conversations</source>
        <translation>搜索会话</translation>
    </message>
    <message>
        <source>Open conversations</source>
        <translation>进行中的会话</translation>
    </message>
    <message>
        <source>Menu</source>
        <translation>菜单</translation>
    </message>
    <message>
        <source>Menu (F10)</source>
        <translation>菜单（F10）</translation>
    </message>
    <message>
        <source>No open conversation</source>
        <translation>暂无进行中的会话</translation>
    </message>
    <message>
        <source>Nothing found</source>
        <translation>没有匹配的会话</translation>
    </message>
</context>
<context>
    <name>Conversations</name>
    <message>
        <source>{0} unread</source>
        <translation>{0} 条未读</translation>
    </message>
</context>
<context>
    <name>IntentChips</name>
    <message>
        <source>No customer message yet</source>
        <translation>客户尚未发言</translation>
    </message>
    <message>
        <source>Intent: {0}, corrected by you</source>
        <translation>意图：{0}，已人工修正</translation>
    </message>
    <message>
        <source>Intent: {0}, {1} %, unsure</source>
        <translation>意图：{0}，置信度 {1}%，不确定</translation>
    </message>
    <message>
        <source>Intent: {0}, {1} %</source>
        <translation>意图：{0}，置信度 {1}%</translation>
    </message>
    <message>
        <source>Opens the list of intents to correct it</source>
        <translation>打开意图列表进行修正</translation>
    </message>
    <message>
        <source>Click to correct</source>
        <translation>点击修正</translation>
    </message>
</context>
<context>
    <name>Keys</name>
    <message>
        <source>Take the grey text</source>
        <translation>采纳灰色补全</translation>
    </message>
    <message>
        <source>Take one word of it</source>
        <translation>只采纳一个词</translation>
    </message>
    <message>
        <source>Dismiss the grey text</source>
        <translation>取消灰色补全</translation>
    </message>
    <message>
        <source>Send the reply</source>
        <translation>发送回复</translation>
    </message>
    <message>
        <source>Take a suggested reply</source>
        <translation>采用推荐回复</translation>
    </message>
    <message>
        <source>Insert the first article</source>
        <translation>插入第一条知识</translation>
    </message>
    <message>
        <source>Dismiss the focused suggestion</source>
        <translation>忽略选中的推荐回复</translation>
    </message>
    <message>
        <source>Go to a conversation</source>
        <translation>切换到第几个会话</translation>
    </message>
    <message>
        <source>Next conversation</source>
        <translation>下一个会话</translation>
    </message>
    <message>
        <source>Previous conversation</source>
        <translation>上一个会话</translation>
    </message>
    <message>
        <source>Search the conversations</source>
        <translation>搜索会话</translation>
    </message>
    <message>
        <source>Search the knowledge base</source>
        <translation>搜索知识库</translation>
    </message>
    <message>
        <source>Correct the intent</source>
        <translation>修正意图</translation>
    </message>
    <message>
        <source>Correct the sentiment</source>
        <translation>修正情绪</translation>
    </message>
    <message>
        <source>Go to the reply</source>
        <translation>转到回复框</translation>
    </message>
    <message>
        <source>Go to the next pane</source>
        <translation>转到下一个区域</translation>
    </message>
    <message>
        <source>Resolve the conversation</source>
        <translation>结束会话</translation>
    </message>
    <message>
        <source>Reopen the one resolved last</source>
        <translation>重新打开刚结束的会话</translation>
    </message>
    <message>
        <source>Menu</source>
        <translation>菜单</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
</context>
<context>
    <name>KeysDialog</name>
    <message>
        <source>Keys</source>
        <translation>快捷键</translation>
    </message>
</context>
<context>
    <name>KnowledgeList</name>
    <message>
        <source>Search knowledge (Ctrl+Shift+K)</source>
        <translation>搜索知识库（Ctrl+Shift+K）</translation>
    </message>
    <message>
        <source>Search the knowledge base</source>
        <translation>搜索知识库</translation>
    </message>
    <message>
        <source>Nothing found.</source>
        <translation>没有找到相关内容。</translation>
    </message>
    <message>
        <source>No article fits yet.</source>
        <translation>暂无匹配的知识。</translation>
    </message>
    <message>
        <source>Article · {0}</source>
        <translation>知识 · {0}</translation>
    </message>
    <message>
        <source>Article: {0}</source>
        <translation>知识：{0}</translation>
    </message>
    <message>
        <source>Inserts the answer: {0}</source>
        <translation>插入答案：{0}</translation>
    </message>
</context>
<context>
    <name>LabelPicker</name>
    <message>
        <source>Find a label</source>
        <translation>查找标签</translation>
    </message>
    <message>
        <source>Labels</source>
        <translation>标签</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>Desktop Assistant</source>
        <translation>客服助手</translation>
    </message>
</context>
<context>
    <name>MessageBar</name>
    <message>
        <source>Problem</source>
        <translation>出现问题</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>请注意</translation>
    </message>
    <message>
        <source>Hint</source>
        <translation>提示</translation>
    </message>
    <message>
        <source>Close this message</source>
        <translation>关闭提示</translation>
    </message>
</context>
<context>
    <name>Mood</name>
    <message>
        <source>Negative</source>
        <translation>消极</translation>
    </message>
    <message>
        <source>Neutral</source>
        <translation>中性</translation>
    </message>
    <message>
        <source>Positive</source>
        <translation>积极</translation>
    </message>
    <message>
        <source>Very unhappy</source>
        <translation>非常不满</translation>
    </message>
    <message>
        <source>Unhappy</source>
        <translation>不满</translation>
    </message>
    <message>
        <source>Very happy</source>
        <translation>非常满意</translation>
    </message>
    <message>
        <source>Happy</source>
        <translation>满意</translation>
    </message>
    <message>
        <source>Calm</source>
        <translation>情绪平稳</translation>
    </message>
    <message>
        <source>, easing</source>
        <translation>，有所缓和</translation>
    </message>
    <message>
        <source>, improving</source>
        <translation>，正在好转</translation>
    </message>
    <message>
        <source>, getting worse</source>
        <translation>，正在恶化</translation>
    </message>
    <message>
        <source>, steady</source>
        <translation>，无明显变化</translation>
    </message>
</context>
<context>
    <name>Notices</name>
    <message>
        <source>Something unexpected happened and was written to the log. You can go on working.</source>
        <translation>程序出现意外情况，已记入日志，您可以继续工作。</translation>
    </message>
</context>
<context>
    <name>SentimentBar</name>
    <message>
        <source>{0} (corrected by you)</source>
        <translation>{0}（已人工修正）</translation>
    </message>
    <message>
        <source>Sentiment: {0}</source>
        <translation>情绪：{0}</translation>
    </message>
    <message>
        <source>Sentiment over the conversation</source>
        <translation>本次会话的情绪走势</translation>
    </message>
    <message>
        <source>Correct the sentiment to {0}</source>
        <translation>将情绪修正为{0}</translation>
    </message>
    <message>
        <source>Click to correct</source>
        <translation>点击修正</translation>
    </message>
</context>
<context>
    <name>Settings</name>
    <message>
        <source>Your name, as it stands in replies and corrections</source>
        <translation>您的姓名（用于回复落款和修正记录）</translation>
    </message>
    <message>
        <source>Language of the window</source>
        <translation>界面语言</translation>
    </message>
    <message>
        <source>Light or dark</source>
        <translation>外观</translation>
    </message>
    <message>
        <source>What the models run on</source>
        <translation>模型运行设备</translation>
    </message>
    <message>
        <source>Threads for the models; 0 chooses by itself</source>
        <translation>模型使用的线程数（0 为自动）</translation>
    </message>
    <message>
        <source>Complete my sentences in grey</source>
        <translation>输入时显示灰色补全</translation>
    </message>
    <message>
        <source>A completion that comes later is not shown</source>
        <translation>补全超时（超时后不再显示）</translation>
    </message>
    <message>
        <source>How many replies are suggested</source>
        <translation>推荐回复条数</translation>
    </message>
    <message>
        <source>Tags that are less sure than this are shown in grey</source>
        <translation>置信度低于此值的标签显示为灰色</translation>
    </message>
    <message>
        <source>The domain pack: what the assistant knows of your trade</source>
        <translation>行业包（助手掌握的业务知识）</translation>
    </message>
    <message>
        <source>As the system</source>
        <translation>跟随系统</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>浅色</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>深色</translation>
    </message>
    <message>
        <source>CUDA if it works here, else CPU</source>
        <translation>优先使用 CUDA，不可用时用 CPU</translation>
    </message>
</context>
<context>
    <name>SettingsDialog</name>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>Models and domain pack change at the next start.</source>
        <translation>模型与行业包的更改将在下次启动时生效。</translation>
    </message>
</context>
<context>
    <name>StatusBar</name>
    <message>
        <source>Models are loading…</source>
        <translation>正在加载模型…</translation>
    </message>
    <message>
        <source>Models run on {0}</source>
        <translation>模型运行于 {0}</translation>
    </message>
    <message>
        <source>Understanding</source>
        <translation>语义理解</translation>
    </message>
    <message>
        <source>Replies</source>
        <translation>回复生成</translation>
    </message>
    <message>
        <source>Completion</source>
        <translation>输入补全</translation>
    </message>
    <message>
        <source>Strategy</source>
        <translation>应对策略</translation>
    </message>
    <message>
        <source>off</source>
        <translation>未启用</translation>
    </message>
</context>
<context>
    <name>Suggestion</name>
    <message>
        <source>Canned reply</source>
        <translation>快捷话术</translation>
    </message>
    <message>
        <source>Knowledge base</source>
        <translation>知识库</translation>
    </message>
    <message>
        <source>Past chats</source>
        <translation>历史会话</translation>
    </message>
    <message>
        <source>Written by the model</source>
        <translation>模型生成</translation>
    </message>
</context>
<context>
    <name>SuggestionCards</name>
    <message>
        <source>Suggested reply {0}: {1}</source>
        <translation>推荐回复 {0}：{1}</translation>
    </message>
    <message>
        <source>{0}, {1} %, Alt+{2} takes it, Delete dismisses it</source>
        <translation>{0}，匹配度 {1}%，按 Alt+{2} 采用，按 Delete 忽略</translation>
    </message>
    <message>
        <source>Dismiss suggestion {0}</source>
        <translation>忽略推荐回复 {0}</translation>
    </message>
    <message>
        <source>Looking for more replies…</source>
        <translation>正在生成更多回复…</translation>
    </message>
    <message>
        <source>Looking…</source>
        <translation>正在查找合适的回复…</translation>
    </message>
    <message>
        <source>No model for replies is installed.</source>
        <translation>尚未安装回复模型。</translation>
    </message>
    <message>
        <source>Nothing fits well enough to suggest it.</source>
        <translation>没有足够合适的回复可推荐。</translation>
    </message>
    <message>
        <source>Replaced by a newer message.</source>
        <translation>客户已发来新消息。</translation>
    </message>
    <message>
        <source>Replies appear here when the customer writes.</source>
        <translation>客户发言后，这里会显示推荐回复。</translation>
    </message>
</context>
<context>
    <name>Transcript</name>
    <message>
        <source>Customer</source>
        <translation>客户</translation>
    </message>
    <message>
        <source>You</source>
        <translation>我</translation>
    </message>
    <message>
        <source>Today</source>
        <translation>今天</translation>
    </message>
    <message>
        <source>Yesterday</source>
        <translation>昨天</translation>
    </message>
    <message>
        <source>sending</source>
        <translation>发送中</translation>
    </message>
    <message>
        <source>saved</source>
        <translation>已保存</translation>
    </message>
    <message>
        <source>delivered</source>
        <translation>已送达</translation>
    </message>
    <message>
        <source>not delivered</source>
        <translation>未送达</translation>
    </message>
</context>
<context>
    <name>TranscriptView</name>
    <message>
        <source>Messages</source>
        <translation>消息记录</translation>
    </message>
</context>
<context>
    <name>WindowActions</name>
    <message>
        <source>Language</source>
        <translation>语言</translation>
    </message>
    <message>
        <source>Appearance</source>
        <translation>外观</translation>
    </message>
    <message>
        <source>Resolve conversation</source>
        <translation>结束会话</translation>
    </message>
    <message>
        <source>Reopen last resolved</source>
        <translation>重新打开刚结束的会话</translation>
    </message>
    <message>
        <source>Correct the intent…</source>
        <translation>修正意图…</translation>
    </message>
    <message>
        <source>Settings…</source>
        <translation>设置…</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>快捷键</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>退出</translation>
    </message>
</context>
</TS>
