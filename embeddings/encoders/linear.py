"""The two parametrised maps of a transformer, with float32 parameters."""

import dataclasses

import haiku as hk
import jax
import jax.numpy as jnp


@dataclasses.dataclass
class Linear(hk.Module):
  """x w + b, computed in the dtype of x."""

  size: int
  init_range: float = 0.02
  name: str | None = None

  def __call__(
    self,
    x: jax.Array,  # [..., in]
  ) -> jax.Array:  # [..., size]
    init = hk.initializers.TruncatedNormal(self.init_range)
    w = hk.get_parameter("w", [x.shape[-1], self.size], jnp.float32, init=init)
    b = hk.get_parameter("b", [self.size], jnp.float32, init=jnp.zeros)
    return x @ w.astype(x.dtype) + b.astype(x.dtype)


@dataclasses.dataclass
class Norm(hk.Module):
  """Layer normalisation over the last axis, in float32 (Ba et al. 2016)."""

  eps: float
  name: str | None = None

  def __call__(
    self,
    x: jax.Array,  # [..., D]
  ) -> jax.Array:  # [..., D]
    scale = hk.get_parameter("scale", x.shape[-1:], jnp.float32, init=jnp.ones)
    offset = hk.get_parameter(
      "offset", x.shape[-1:], jnp.float32, init=jnp.zeros
    )
    y = x.astype(jnp.float32)  # variance in float32, whatever the compute type
    y = y - y.mean(-1, keepdims=True)
    y = y * jax.lax.rsqrt(jnp.square(y).mean(-1, keepdims=True) + self.eps)
    return (y * scale + offset).astype(x.dtype)
