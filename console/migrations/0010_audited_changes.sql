-- The changes that charts show, among the many entries of logins and exports.
CREATE INDEX audit_log_changes ON audit_log (at)
WHERE action IN ('program.change', 'affiliate.change', 'code.change', 'code.import');
