"""What goes wrong between here and the Hugging Face hub, in one line.

huggingface_hub raises errors of its own, the system's, and those of the HTTP
library below it, which stands under another name in each version of it.
"""

from huggingface_hub import errors

# The base of HfHubHTTPError is that of httpx, whose errors of connections are
# no OSError.
HTTP_ERROR: type[Exception] = errors.HfHubHTTPError.__bases__[0]
ERRORS = (OSError, ValueError, HTTP_ERROR)


def reason(error: Exception) -> str:
  """An error in one line of bounded length."""
  return f"{type(error).__name__}: {' '.join(str(error).split())[:150]}"
