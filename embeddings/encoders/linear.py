"""The two parametrised maps of a transformer, with float32 parameters."""

import dataclasses

import haiku as hk
import jax
import jax.numpy as jnp


@dataclasses.dataclass
class Linear(hk.Module):
  """x w + b, computed in the dtype of x; no b where there are no biases."""

  size: int
  init_range: float = 0.02
  biases: bool = True
  name: str | None = None

  def __call__(
    self,
    x: jax.Array,  # [..., in]
  ) -> jax.Array:  # [..., size]
    init = hk.initializers.TruncatedNormal(self.init_range)
    w = hk.get_parameter("w", [x.shape[-1], self.size], jnp.float32, init=init)
    y = x @ w.astype(x.dtype)
    if not self.biases:
      return y
    b = hk.get_parameter("b", [self.size], jnp.float32, init=jnp.zeros)
    return y + b.astype(x.dtype)


@dataclasses.dataclass
class Norm(hk.Module):
  """Layer normalisation over the last axis, in float32 (Ba et al. 2016)."""

  eps: float
  biases: bool = True
  name: str | None = None

  def __call__(
    self,
    x: jax.Array,  # [..., D]
  ) -> jax.Array:  # [..., D]
    size = x.shape[-1:]
    scale = hk.get_parameter("scale", size, jnp.float32, init=jnp.ones)
    y = x.astype(jnp.float32)  # variance in float32, whatever the compute type
    y = y - y.mean(-1, keepdims=True)
    y = y * jax.lax.rsqrt(jnp.square(y).mean(-1, keepdims=True) + self.eps)
    y = y * scale
    if self.biases:
      y = y + hk.get_parameter("offset", size, jnp.float32, init=jnp.zeros)
    return y.astype(x.dtype)
