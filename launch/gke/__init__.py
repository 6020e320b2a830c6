"""Training in Google's Kubernetes, on TPUs of version 4 and newer."""
