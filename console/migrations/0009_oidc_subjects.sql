-- Whom the OpenID Connect provider means by this user: pinned at the first login with it, and compared from then on, since
-- an address may be given to somebody else, and a subject never is.
ALTER TABLE users ADD COLUMN oidc_issuer text CHECK (length(oidc_issuer) <= 2000);
ALTER TABLE users ADD COLUMN oidc_subject text CHECK (length(oidc_subject) BETWEEN 1 AND 255);
ALTER TABLE users ADD CHECK ((oidc_issuer IS NULL) = (oidc_subject IS NULL));
CREATE UNIQUE INDEX users_by_oidc_subject ON users (oidc_issuer, oidc_subject);
