"""Models at work: the only room for onnxruntime and tokenizers."""
