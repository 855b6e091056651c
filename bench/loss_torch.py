#!/usr/bin/python3
"""The other side of bench/time-to-loss: the same shape, text, batches and score in PyTorch.

    loss_torch.py FILE [recipe nanogpt|adamw] [steps N] [seed N] [threads N] [precision f32|bf16]

Windows are drawn at random, as nanoGPT draws them. The time is that of the steps alone.
"""
import contextlib, json, math, sys, time
import torch
import torch.nn as nn
from torch.nn import functional as F

L, H, C, T, B, SCORED = 4, 4, 128, 64, 12, 48
# steps, rate, warm-up, where it ends as a share of the rate, by a cosine (else a line)
RECIPES = {"nanogpt": (2000, 1e-3, 100, 0.1, True), "adamw": (1300, 4e-3, 100, 0.0, False)}

opt = dict(zip(sys.argv[2::2], sys.argv[3::2]))
recipe, seed, threads = opt.get("recipe", "nanogpt"), int(opt.get("seed", 1)), int(opt.get("threads", 1))
precision = opt.get("precision", "f32")
steps, rate, warmup, end, is_cosine = RECIPES[recipe]
steps = int(opt.get("steps", steps))
torch.set_num_threads(threads)
torch.manual_seed(seed)

with open(sys.argv[1], "rb") as file:
    raw = file.read()
places = {byte: i for i, byte in enumerate(sorted(set(raw)))}
text = torch.tensor([places[byte] for byte in raw])
learnt, V = len(text) * 9 // 10, len(places)
train, valid = text[:learnt], text[learnt:]


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(C), nn.LayerNorm(C)
        self.attn, self.proj = nn.Linear(C, 3 * C), nn.Linear(C, C)
        self.fc, self.out = nn.Linear(C, 4 * C), nn.Linear(4 * C, C)
        self.register_buffer("mask", torch.tril(torch.ones(T, T)).view(1, 1, T, T))

    def forward(self, x):
        n = x.shape[0]
        q, k, v = self.attn(self.ln_1(x)).split(C, dim=2)
        q, k, v = (t.view(n, T, H, C // H).transpose(1, 2) for t in (q, k, v))
        a = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(C // H))
        a = F.softmax(a.masked_fill(self.mask == 0, float("-inf")), dim=-1)
        x = x + self.proj((a @ v).transpose(1, 2).contiguous().view(n, T, C))
        return x + self.out(F.gelu(self.fc(self.ln_2(x))))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(V, C), nn.Embedding(T, C)
        self.blocks, self.ln_f = nn.ModuleList(Block() for _ in range(L)), nn.LayerNorm(C)
        for name, p in self.named_parameters():
            if p.dim() > 1:
                ends = name.endswith(("proj.weight", "out.weight"))
                nn.init.normal_(p, std=0.02 / math.sqrt(2 * L) if ends else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def forward(self, x, y):
        h = self.wte(x) + self.wpe(torch.arange(T))
        for block in self.blocks:
            h = block(h)
        logits = F.linear(self.ln_f(h), self.wte.weight)
        return F.cross_entropy(logits.view(-1, V), y.reshape(-1))


def factor(step):
    if step < warmup:
        return (step + 1) / warmup
    part = (step - warmup) / max(1, steps - warmup)
    left = 0.5 * (1 + math.cos(math.pi * part)) if is_cosine else 1 - part
    return end + (1 - end) * left


def cast():
    return torch.autocast("cpu", dtype=torch.bfloat16) if precision == "bf16" else contextlib.nullcontext()


model = Model()
matrices = [p for p in model.parameters() if p.dim() > 1]
others = [p for p in model.parameters() if p.dim() < 2]
adam = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}],
                         lr=rate, betas=(0.9, 0.99))
start, cpu = time.perf_counter(), time.process_time()
for step in range(steps):
    for group in adam.param_groups:
        group["lr"] = rate * factor(step)
    at = torch.randint(learnt - T - 1, (B,))[:, None] + torch.arange(T)
    with cast():
        loss = model(train[at], train[at + 1])
    adam.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    adam.step()
seconds, cpu = time.perf_counter() - start, time.process_time() - cpu

windows = (len(valid) - 1) // T
x, y = valid[:windows * T].view(windows, T), valid[1:windows * T + 1].view(windows, T)
with torch.no_grad():
    total = sum(float(model(x[i:i + SCORED], y[i:i + SCORED])) * len(x[i:i + SCORED])
                for i in range(0, windows, SCORED))
weights = L * 12 * C * C + V * C
flops = steps * B * T * (6 * weights + 12 * L * T * C)
print(json.dumps({"who": f"PyTorch {torch.__version__} {precision}", "recipe": recipe, "threads": threads, "seed": seed,
                  "steps": steps, "loss": round(total / windows, 4), "seconds": round(seconds, 2),
                  "cpu_s": round(cpu, 2), "tokens": steps * B * T, "flops": flops}))
