"""The demo: a year and a half of a hardware seller's business, replayed through the public APIs."""

from kehu_local.demo.load import load

__all__ = ["load"]
