"""Training speed: the course's GPT-2 against two others doing the same work in the same run.

    python benchmarks/training.py [--precision bfloat16] [--steps 8]

Prints tokens per second of each, their ratio, and which share of the machine's rate of matrix
products, measured in the same run, the arithmetic of training reaches. All three train the same
shape on the same batches with AdamW and clipped gradients, each in a process of its own, one at a
time; the order rotates so that a machine whose speed drifts is fair to all. The course's process
keeps freed memory, as `python -m course_lib train` does; the others run as a tutorial's would.
"""

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.config import GPT2Config
from course_lib.models import GPT2
from course_lib.training import gradient_step, keep_freed_memory, make_optimizer

CONFIG = GPT2Config(
    vocab_size=4096, context_length=256, d_model=384, n_heads=6, n_layers=6, dropout=0.0
)
BATCH = 12


class PlainBlock(nn.Module):
    """A pre-norm block as most tutorials write it."""

    def __init__(self, d: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)
        self.gelu = nn.GELU(approximate="tanh")

    def forward(self, x: Tensor) -> Tensor:
        """Attention, then the feed-forward layer."""
        b, t, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).split(d, dim=2)
        q, k, v = (z.view(b, t, self.heads, d // self.heads).transpose(1, 2) for z in (q, k, v))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(b, t, d))
        return x + self.down(self.gelu(self.up(self.norm2(x))))


class PlainGPT(nn.Module):
    """A GPT of the same shape in plain PyTorch, with tied embeddings."""

    def __init__(self, config: GPT2Config) -> None:
        super().__init__()
        self.tokens = nn.Embedding(config.vocab_size, config.d_model)
        self.places = nn.Embedding(config.context_length, config.d_model)
        self.blocks = nn.ModuleList(
            PlainBlock(config.d_model, config.n_heads) for _ in range(config.n_layers)
        )
        self.norm = nn.LayerNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits."""
        x = self.tokens(tokens) + self.places(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def hugging_face(config: GPT2Config) -> nn.Module:
    """Build `GPT2LMHeadModel` of the same shape, without dropout."""
    from transformers import GPT2Config as HFConfig
    from transformers import GPT2LMHeadModel

    return GPT2LMHeadModel(
        HFConfig(
            vocab_size=config.vocab_size,
            n_positions=config.context_length,
            n_embd=config.d_model,
            n_layer=config.n_layers,
            n_head=config.n_heads,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            use_cache=False,
            bos_token_id=0,
            eos_token_id=0,
        )
    )


def course_step(precision: str) -> Callable[[Tensor], None]:
    """One update by the course's loop."""
    model = GPT2(CONFIG)
    optimizer = make_optimizer(model, learning_rate=1e-4)
    device = torch.device("cpu")

    def step(rows: Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        batch = (rows[:, :-1], rows[:, 1:])
        gradient_step(model, batch, micro_batches=1, precision=precision, device=device)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step


def other_step(model: nn.Module, precision: str) -> Callable[[Tensor], None]:
    """One update as a tutorial's loop does it."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1)

    def step(rows: Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            out = model(rows[:, :-1])
            logits = out if isinstance(out, Tensor) else out.logits
            loss = F.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step


COURSE = "course_lib GPT2"
ARMS: dict[str, Callable[[str], Callable[[Tensor], None]]] = {
    COURSE: course_step,
    "plain PyTorch GPT": lambda precision: other_step(PlainGPT(CONFIG), precision),
    "transformers GPT2LMHeadModel": lambda precision: other_step(hugging_face(CONFIG), precision),
}


def work(name: str, precision: str, orders: Connection) -> None:
    """Make an update each time it is asked for, and answer with its seconds."""
    if name == COURSE:
        keep_freed_memory()
    torch.manual_seed(0)
    rows = torch.randint(CONFIG.vocab_size, (BATCH, CONFIG.context_length + 1))
    step = ARMS[name](precision)
    while orders.recv():
        start = time.perf_counter()
        step(rows)
        orders.send(time.perf_counter() - start)


def matrix_rate(dtype: torch.dtype, seconds: float = 2.0) -> float:
    """Floating-point operations per second of a large matrix product."""
    a, b = (torch.randn(1024, 1024).to(dtype) for _ in range(2))
    a @ b
    rates = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(rates) < 2:
        start = time.perf_counter()
        a @ b
        rates.append(2 * 1024**3 / (time.perf_counter() - start))
    return statistics.median(rates)


def flops_per_token(config: GPT2Config) -> float:
    """Arithmetic of one token's training: 6 per weight of a matrix product, and attention's.

    The position table takes no product; the token table takes one, at the output. Attention's two
    products cost 2 · 2 · T · D forward at full length, half of that with a causal mask, and twice
    as much again backward.
    """
    model = GPT2(config)
    weights = model.n_parameters() - config.context_length * config.d_model
    attention = 12 * config.n_layers * config.context_length * config.d_model / 2
    return 6.0 * weights + attention


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--steps", type=int, default=8)
    options = parser.parse_args()
    processes = multiprocessing.get_context("spawn")
    orders: dict[str, Connection] = {}
    for name in ARMS:
        orders[name], theirs = processes.Pipe()
        arguments = (name, options.precision, theirs)
        processes.Process(target=work, args=arguments, daemon=True).start()
    rates = []
    times: dict[str, list[float]] = {name: [] for name in ARMS}
    names = list(ARMS)
    for turn in range(options.steps + 2):
        rates.append(matrix_rate(getattr(torch, options.precision), 0.5))
        for name in names[turn % 3 :] + names[: turn % 3]:
            orders[name].send(True)
            seconds = orders[name].recv()
            if turn > 1:  # the first turns warm up
                times[name].append(seconds)
    for order in orders.values():
        order.send(False)
    rate = statistics.median(rates)
    tokens = BATCH * CONFIG.context_length
    speed = {name: tokens / statistics.median(found) for name, found in times.items()}
    print(f"{options.precision}, {torch.get_num_threads()} threads, batch {BATCH} x 256")
    for name, value in speed.items():
        share = value * flops_per_token(CONFIG) / rate
        print(f"{name:30} {value:8,.0f} tokens/s  {share:5.0%} of {rate / 1e9:,.0f} GFLOP/s")
    best = max(value for name, value in speed.items() if name != COURSE)
    print(f"course_lib / better of the others: {speed[COURSE] / best:.2f}")


if __name__ == "__main__":
    main()
