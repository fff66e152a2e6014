"""What connects a click with a visitor: key ring, click ids, cookies, click tokens, sealed and hashed addresses.

Most functions are pure: bytes, keys, times and randomness are arguments. Only `keyfile` uses files, and only
`randomness` reads the system's random bytes. Untrusted input never raises: the result is a `VerificationError` with a
reason. No message or repr shows a secret. `docs/identity.md` specifies the formats for other implementations.
"""
