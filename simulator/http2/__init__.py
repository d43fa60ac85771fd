"""A small HTTP/2 server (RFC 9113) that can also misbehave: frames are written here, so every fault is possible."""
