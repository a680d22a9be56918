"""The understanding model: one encoder, and a head for each thing we want to know of a message."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import BertConfig, BertModel, BertPreTrainedModel
from transformers.modeling_outputs import ModelOutput

from desktop_assistant.inference.understanding import MAIN_HEADS


class UnderstandingModel(BertPreTrainedModel):
    """BERT with mean pooling, a projection for the sentence embedding, and classification heads.

    ``config.heads`` maps each head's name to its labels. The embedding has a projection of its
    own, the identity to begin with, so that classification may bend the pooled vector while the
    embedding stays close to the base model's (see ``understanding.UnderstandingTrainer``).
    """

    config_class = BertConfig

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        width = config.hidden_size
        self.bert = BertModel(config, add_pooling_layer=False)
        self.projection = nn.Linear(width, width, bias=False)
        self.heads = nn.ModuleDict(
            {
                name: nn.Sequential(
                    nn.Dropout(0.1), nn.Linear(width, width), nn.GELU(), nn.Linear(width, labels)
                )
                for name, labels in ((n, len(found)) for n, found in config.heads.items())
            }
        )
        self.post_init()

    def pooled(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Mean of the token vectors, padding left out: (batch, width)."""
        hidden = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return (hidden * mask).sum(1) / mask.sum(1).clamp(min=1.0)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        **_: Any,  # noqa: ANN401  # callers of transformers models pass more than we use
    ) -> ModelOutput:
        """``embedding`` (batch, width), length 1, and ``<head>_logits`` (batch, labels).

        Both inputs are int64 (batch, tokens). Heads that only help in training are computed
        while training, and are not part of the exported graph.
        """
        pooled = self.pooled(input_ids, attention_mask)
        embedding = nn.functional.normalize(self.projection(pooled), dim=-1)
        # The embedding's length carries nothing, and a head learns faster from a fixed one
        # (scale 16 as measured on BANKING77).
        scaled = nn.functional.normalize(pooled, dim=-1) * 16.0
        names = list(self.heads) if self.training else [n for n in self.heads if n in MAIN_HEADS]
        logits = {f"{name}_logits": self.heads[name](scaled) for name in names}
        return ModelOutput(embedding=embedding, **logits)


def known_heads(folder: str) -> dict[str, list[str]]:
    """Labels by head of a checkpoint of ours; empty for a bare encoder."""
    return dict(getattr(BertConfig.from_pretrained(folder), "heads", {}))


def from_encoder(folder: str, heads: dict[str, list[str]]) -> UnderstandingModel:
    """Put fresh heads on an encoder's weights; heads that a checkpoint already has are kept.

    A head of the checkpoint is taken over only if its labels are the same.
    """
    known = known_heads(folder)
    config = BertConfig.from_pretrained(folder)
    config.heads = heads
    if known:
        model = UnderstandingModel(config)
        saved = UnderstandingModel.from_pretrained(folder)
        usable = {
            name: tensor
            for name, tensor in saved.state_dict().items()
            if not name.startswith("heads.") or _labels(known, name) == _labels(heads, name)
        }
        model.load_state_dict(usable, strict=False)
        return model
    model = UnderstandingModel(config)
    model.bert = BertModel.from_pretrained(folder, add_pooling_layer=False)
    nn.init.eye_(model.projection.weight)
    return model


def _labels(heads: dict[str, list[str]], parameter: str) -> list[str] | None:
    return heads.get(parameter.split(".")[1])
