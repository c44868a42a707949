-- Answers that were given under an Idempotency-Key, each stored by the transaction that it
-- tells of. A row is its role's alone, and among those who come by foreign tokens its subject's.
CREATE TABLE http.idempotency_keys (
    role name NOT NULL,
    -- zserver.subject
    subject text NOT NULL,
    key text NOT NULL,
    -- BLAKE3 of the method, the path, the form of the answer and the body.
    fingerprint bytea NOT NULL,
    status smallint NOT NULL,
    content_type text NOT NULL,
    answer bytea NOT NULL,
    created timestamptz NOT NULL DEFAULT now(),
    expires timestamptz NOT NULL,
    PRIMARY KEY (role, subject, key)
);
CREATE INDEX idempotency_keys_expires ON http.idempotency_keys (expires);
COMMENT ON TABLE http.idempotency_keys IS 'answers of the HTTP port, kept until they expire';

ALTER TABLE http.idempotency_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON http.idempotency_keys
    USING (role = session_user AND subject = current_setting('zserver.subject'))
    WITH CHECK (role = session_user AND subject = current_setting('zserver.subject'));

GRANT USAGE ON SCHEMA http TO PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON http.idempotency_keys TO PUBLIC;
