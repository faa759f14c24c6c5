"""A chat server and a full-screen terminal client: see docs/architecture.md."""

