-- People, the terminals they stand at, and their sessions. No secret is stored that could be used: badges and tokens as
-- hashes, PINs as argon2id with a pepper from the secrets folder.
SET ROLE lineside_plant;

CREATE TABLE plant.person (
    person_id     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text NOT NULL CHECK (name <> ''),
    name_zh       text,
    language      text NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'zh-CN')),
    roles         text[] NOT NULL CHECK (roles <@ ARRAY['operator', 'lead', 'quality', 'maintenance', 'planner', 'manager',
                      'integrator', 'admin'] AND cardinality(roles) > 0),
    badge_hash    bytea UNIQUE,          -- HMAC-SHA256 with the pepper: a badge alone names its person
    pin_hash      text,                  -- argon2id
    active        boolean NOT NULL DEFAULT true,
    created_time  timestamptz NOT NULL DEFAULT now()
);

-- A terminal is enrolled by a person: its browser then keeps the credential as a cookie.
CREATE TABLE plant.station (
    station_id    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text NOT NULL UNIQUE CHECK (name <> ''),
    equipment_id  integer REFERENCES plant.equipment,
    credential_hash bytea UNIQUE,        -- sha256; null until enrolled, and again when revoked
    enrolled_time timestamptz
);

CREATE TABLE plant.session (
    session_id    uuid PRIMARY KEY DEFAULT gen_random_uuid(),  -- may be told; the token may not
    token_hash    bytea NOT NULL UNIQUE, -- sha256
    person_id     integer NOT NULL REFERENCES plant.person,
    station_id    integer REFERENCES plant.station,  -- where it was opened; good there only
    created_time  timestamptz NOT NULL DEFAULT now(),
    last_used_time timestamptz NOT NULL DEFAULT now(),
    ended_time    timestamptz            -- signed out, or ended by somebody else
);
CREATE INDEX session_of_person ON plant.session (person_id) WHERE ended_time IS NULL;

-- Tries to sign in since the last success, per person and per device. Counted before the PIN is looked at, so tries at
-- the same time count as well.
CREATE TABLE plant.sign_in_try (
    subject       text PRIMARY KEY,      -- person:7, station:3, address:192.0.2.7
    tries         integer NOT NULL,
    last_time     timestamptz NOT NULL DEFAULT now(),
    free_time     timestamptz NOT NULL DEFAULT now()  -- no try before this
);
RESET ROLE;
