-- What the bridge knows. It reads and claims plant.outbox and nothing else of the plant's; all else stands here.
-- The way of a fact: plant.outbox → claim → (planned into) document → delivery, attempt by attempt.

-- Claimed rows of plant.outbox, as they came.
CREATE TABLE bridge.claim (
    outbox_id     bigint PRIMARY KEY,
    event_id      uuid NOT NULL,
    kind          text NOT NULL,
    work_order_id bigint,
    order_seq     bigint,
    body          jsonb NOT NULL,
    not_before    timestamptz NOT NULL,
    created_time  timestamptz NOT NULL,
    claimed_time  timestamptz NOT NULL DEFAULT now(),
    planned_time  timestamptz,           -- null: waits for the planner, or for an earlier order_seq of its order
    UNIQUE (work_order_id, order_seq)
);
CREATE INDEX claim_unplanned ON bridge.claim (outbox_id) WHERE planned_time IS NULL;
CREATE INDEX claim_event ON bridge.claim (event_id);

-- How far the facts of an order became documents. Its row lock makes one planner at a time.
CREATE TABLE bridge.planned_order (
    work_order_id bigint PRIMARY KEY,
    order_seq     bigint NOT NULL DEFAULT 0,
    ended         boolean NOT NULL DEFAULT false  -- completed, closed or cancelled: nothing is collected any more
);

-- A lane is what is kept in order: the documents of one work order, or of one lot that moves. Positions run 1, 2, 3 …
CREATE TABLE bridge.lane (
    connector     text NOT NULL,
    lane          text NOT NULL,
    last_position bigint NOT NULL,
    PRIMARY KEY (connector, lane)
);

-- One document for one system. document_id is the key we give it there.
CREATE TABLE bridge.document (
    document_id       uuid PRIMARY KEY,
    connector         text NOT NULL,
    kind              text NOT NULL,
    lane              text NOT NULL,
    work_order        text,
    window_key        text,              -- open: what else may be merged into it
    closes_time       timestamptz,       -- open: when its window ends by itself
    position          bigint,            -- in its lane, given when it is released
    body              jsonb NOT NULL,    -- the canonical document: documents/canonical.py
    event_time        timestamptz NOT NULL,
    posting_date      date NOT NULL,     -- the day of the event, or the next open one of their books
    posting_moved     boolean NOT NULL DEFAULT false,
    reverses          uuid REFERENCES bridge.document,
    state             text NOT NULL CHECK (state IN ('open', 'ready', 'sending', 'accepted', 'modified', 'refused',
                          'unknown', 'cancelled', 'by_hand', 'skipped')),
    attempts          integer NOT NULL DEFAULT 0,
    next_attempt_time timestamptz NOT NULL DEFAULT now(),
    reference         text,              -- their number
    problem           jsonb,             -- refused, unknown, skipped or waiting: {code, message, details}
    difference        jsonb,             -- modified: [{field, sent, stored}]
    created_time      timestamptz NOT NULL DEFAULT now(),
    finished_time     timestamptz,
    UNIQUE (connector, lane, position),
    CHECK ((state = 'open') = (position IS NULL) OR state = 'cancelled')
);
CREATE UNIQUE INDEX document_open ON bridge.document (connector, lane, kind, window_key) WHERE state = 'open';
CREATE INDEX document_closing ON bridge.document (closes_time) WHERE state = 'open';
CREATE INDEX document_unfinished ON bridge.document (connector, lane, position)
    WHERE state IN ('ready', 'sending', 'refused', 'unknown');
CREATE INDEX document_listed ON bridge.document (created_time, document_id);
CREATE INDEX document_work_order ON bridge.document (work_order);

-- Which document carries a claimed fact to a system. A correction of a posted document moves what is left of it.
CREATE TABLE bridge.part (
    connector   text NOT NULL,
    outbox_id   bigint NOT NULL REFERENCES bridge.claim,
    document_id uuid NOT NULL REFERENCES bridge.document,
    PRIMARY KEY (connector, outbox_id)
);
CREATE INDEX part_document ON bridge.part (document_id);

-- Attempts. The row is committed before anything is sent.
CREATE TABLE bridge.delivery (
    delivery_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document_id   uuid NOT NULL REFERENCES bridge.document,
    number        integer NOT NULL,
    state         text NOT NULL CHECK (state IN ('sending', 'accepted', 'modified', 'rejected', 'unknown', 'retry',
                      'lost', 'skipped')),
    worker        text NOT NULL,
    started_time  timestamptz NOT NULL DEFAULT now(),
    finished_time timestamptz,
    request       jsonb,                 -- what was sent
    answer        jsonb,                 -- what was answered
    read_back     jsonb,                 -- what is stored there
    difference    jsonb,
    error         text,
    UNIQUE (document_id, number)
);

-- Our code ↔ theirs, made by people. A code without a row stops what carries it.
CREATE TABLE bridge.code_map (
    system       text NOT NULL,
    kind         text NOT NULL,          -- item, unit, reason, person, machine, location, customer, …
    our_code     text NOT NULL,
    their_code   text NOT NULL,
    changed_time timestamptz NOT NULL DEFAULT now(),
    changed_by   text NOT NULL,
    PRIMARY KEY (system, kind, our_code)
);
CREATE INDEX code_map_theirs ON bridge.code_map (system, kind, their_code);

-- What other systems told us. A stopped row stays until a person mends it, or a later revision takes its place.
CREATE TABLE bridge.inbox (
    inbox_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    system        text NOT NULL,
    kind          text NOT NULL,
    external_id   text NOT NULL,
    revision      text NOT NULL,
    told          jsonb NOT NULL,        -- in their words
    state         text NOT NULL CHECK (state IN ('received', 'stopped', 'refused', 'done', 'superseded', 'dropped')),
    attempt       integer NOT NULL DEFAULT 0,  -- raised by a person's retry: a new key for the plant
    problem       jsonb,
    answer        jsonb,                 -- the plant's
    received_time timestamptz NOT NULL DEFAULT now(),
    answered_time timestamptz,
    UNIQUE (system, kind, external_id, revision)
);
CREATE INDEX inbox_unfinished ON bridge.inbox (inbox_id) WHERE state IN ('received', 'stopped', 'refused');

-- Up to where a source was read. Moves after the plant answered, or the row to mend is kept.
CREATE TABLE bridge.cursor (
    system     text NOT NULL,
    source     text NOT NULL,
    position   text NOT NULL,
    moved_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (system, source)
);

-- Who may use /bridge/v1. The key itself is shown once and not kept.
CREATE TABLE bridge.api_key (
    key_id       text PRIMARY KEY,
    name         text NOT NULL,
    hash         text NOT NULL,          -- argon2id of the secret
    scopes       text[] NOT NULL,
    created_time timestamptz NOT NULL DEFAULT now(),
    revoked_time timestamptz
);
