"""What ties a click to a visitor.

Takes bytes, keys, times and randomness; gives click ids, cookies, click tokens, sealed and hashed addresses.
Promises: nothing here reads a clock or a socket, input from outside never raises (it gets a `Refused` with a reason),
and no message or repr shows a secret. Only `keyfile` touches the disk, only `randomness` the system's random bytes.
The formats are written down in `docs/identity.md`, exactly enough to be read a second time by somebody else's code.
"""
