"""Login by OpenID Connect: the authorization code flow with PKCE, off until CLICKRAIL_CONSOLE_OIDC_ISSUER is set.

Who somebody is, the provider says; who may log in, the table of users (docs/decisions/0021-login-by-openid-connect.md).
"""
