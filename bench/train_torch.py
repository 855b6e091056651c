#!/usr/bin/python3
"""The other side of bench/train: the same model, batch and optimiser in PyTorch.

    train_torch.py SHAPE [threads N] [steps N] [precision f32|bf16]
"""
import json, math, resource, sys, time
import torch
import torch.nn as nn
from torch.nn import functional as F

SHAPES = {"A": (12, 12, 768, 50257, 4, 64), "B": (6, 6, 384, 8192, 16, 256), "C": (6, 6, 384, 8192, 4, 1024),
          "S1": (4, 4, 128, 65, 12, 64), "S2": (3, 6, 192, 4096, 8, 128), "S3": (6, 6, 384, 8192, 4, 64)}
name = sys.argv[1]
opt = dict(zip(sys.argv[2::2], sys.argv[3::2]))
L, H, C, V, B, T = SHAPES[name] if name in SHAPES else map(int, name.split(","))
threads, steps, precision = int(opt.get("threads", 1)), int(opt.get("steps", 5)), opt.get("precision", "f32")
torch.set_num_threads(threads)
torch.manual_seed(1)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(C), nn.LayerNorm(C)
        self.attn, self.proj = nn.Linear(C, 3 * C), nn.Linear(C, C)
        self.fc, self.out = nn.Linear(C, 4 * C), nn.Linear(4 * C, C)
        self.register_buffer("mask", torch.tril(torch.ones(T, T)).view(1, 1, T, T))

    def forward(self, x):
        q, k, v = self.attn(self.ln_1(x)).split(C, dim=2)
        q, k, v = (t.view(B, T, H, C // H).transpose(1, 2) for t in (q, k, v))
        a = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(C // H))
        a = F.softmax(a.masked_fill(self.mask == 0, float("-inf")), dim=-1)
        y = (a @ v).transpose(1, 2).contiguous().view(B, T, C)
        x = x + self.proj(y)
        return x + self.out(F.gelu(self.fc(self.ln_2(x))))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(V, C), nn.Embedding(T, C)
        self.blocks, self.ln_f = nn.ModuleList(Block() for _ in range(L)), nn.LayerNorm(C)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)

    def forward(self, x, y):
        h = self.wte(x) + self.wpe(torch.arange(T))
        for block in self.blocks:
            h = block(h)
        logits = F.linear(self.ln_f(h), self.wte.weight)
        return F.cross_entropy(logits.view(-1, V), y.view(-1))


model = Model()
matrices = [p for p in model.parameters() if p.dim() > 1]
others = [p for p in model.parameters() if p.dim() < 2]
adam = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}],
                         lr=1e-4, betas=(0.9, 0.95))
warm = 2
for step in range(warm + steps):
    if step == warm:
        start, cpu = time.perf_counter(), time.process_time()
    x, y = torch.randint(V, (B, T)), torch.randint(V, (B, T))
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
        loss = model(x, y)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    adam.step()
    adam.zero_grad(set_to_none=True)
wall, cpu = (time.perf_counter() - start) / steps, (time.process_time() - cpu) / steps
flops = B * T * (6 * (L * 12 * C * C + V * C) + 12 * L * T * C)
print(json.dumps({"who": f"torch {torch.__version__} {precision}", "shape": name, "threads": threads,
                  "tokens_per_s": round(B * T / wall, 1), "gflops": round(flops / wall * 1e-9, 1),
                  "cpu_s": round(cpu, 3), "wall_s": round(wall, 3),
                  "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "loss": round(loss.item(), 6)}))
