"""The built-in trainer's model and training loop in PyTorch, for `benchmarks training`.

usage: pytorch_training.py FOLDER BATCH

FOLDER holds `checkpoint` (safetensors), `batches` (sequences of context + 1 bytes) and `rates` (one
learning rate a step, in billionths). Prints tokens per second of processor time, and the loss of
the first and of the last step in bits a byte. One thread.
"""

import json
import math
import struct
import sys
import time

import torch
import torch.nn.functional as F


def read_checkpoint(path):
    """The sizes and the tensors of a checkpoint."""
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    sizes = header.pop("__metadata__")
    body = bytearray(data[8 + length :])
    tensors = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        flat = torch.frombuffer(body, dtype=torch.float32, count=(last - first) // 4, offset=first)
        tensors[name] = flat.reshape(entry["shape"]).clone().requires_grad_(True)
    return sizes, tensors


class Model:
    """A pre-norm transformer with scores that fall with distance; weights are [inputs, outputs]."""

    def __init__(self, sizes, tensors):
        self.tensors = tensors
        self.layers, self.heads = int(sizes["layers"]), int(sizes["heads"])
        self.width, self.context = int(sizes["width"]), int(sizes["context"])
        position = torch.arange(self.context)
        distance = (position[None, :] - position[:, None]).float()
        slopes = torch.tensor([0.5 ** (8 * h // self.heads) for h in range(self.heads)])
        bias = slopes[:, None, None] * distance
        self.bias = bias.masked_fill(distance > 0, float("-inf"))

    def norm(self, x, name):
        return F.layer_norm(x, (self.width,), self.tensors[name + ".weight"], None, 1e-5)

    def weight(self, layer, name):
        return self.tensors[f"layers.{layer}.{name}.weight"]

    def attention(self, x, layer):
        batch, context, width = x.shape
        size = width // self.heads
        parts = (x @ self.weight(layer, "attention.query_key_value")).split(width, dim=2)
        query, key, value = (
            part.view(batch, context, self.heads, size).transpose(1, 2) for part in parts
        )
        scores = query @ key.transpose(2, 3) * (1 / math.sqrt(size)) + self.bias
        mixed = (torch.softmax(scores, dim=3) @ value).transpose(1, 2).reshape(x.shape)
        return mixed @ self.weight(layer, "attention.output")

    def expansion(self, x, layer):
        hidden = x @ self.weight(layer, "expansion.up")
        return (hidden * torch.sigmoid(1.702 * hidden)) @ self.weight(layer, "expansion.down")

    def loss(self, tokens, targets):
        embedding = self.tensors["token_embedding.weight"]
        x = F.embedding(tokens, embedding) + self.tensors["position_embedding.weight"]
        for layer in range(self.layers):
            x = x + self.attention(self.norm(x, f"layers.{layer}.attention_norm"), layer)
            x = x + self.expansion(self.norm(x, f"layers.{layer}.expansion_norm"), layer)
        logits = self.norm(x, "final_norm") @ embedding.T
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.reshape(-1))


def main():
    torch.set_num_threads(1)
    folder, batch = sys.argv[1], int(sys.argv[2])
    sizes, tensors = read_checkpoint(folder + "/checkpoint")
    model = Model(sizes, tensors)
    with open(folder + "/rates") as file:
        rates = [int(rate) / 1e9 for rate in file.read().split()]
    with open(folder + "/batches", "rb") as file:
        text = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8).long()
    text = text.view(len(rates), batch, model.context + 1)
    parameters = list(tensors.values())
    optimiser = torch.optim.AdamW(parameters, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1)
    losses = []
    start = time.process_time()
    for step, rate in enumerate(rates):
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = model.loss(text[step, :, :-1], text[step, :, 1:])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        losses.append(loss.item() / math.log(2))
    seconds = time.process_time() - start
    print(len(rates) * batch * model.context / seconds, losses[0], losses[-1])


if __name__ == "__main__":
    main()
