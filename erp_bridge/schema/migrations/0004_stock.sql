-- What a system said last of its stock, and how that compares with the floor. Both are made anew by each reading.
CREATE TABLE bridge.stock_reading (
    system        text PRIMARY KEY,
    read_time     timestamptz NOT NULL,  -- when the reading began, by the plant's database
    compared      boolean NOT NULL,      -- false: too much was under way to tell, or nobody knows what is
    levels        integer NOT NULL,
    unmapped      integer NOT NULL       -- levels whose code nobody has mapped: in no comparison
);

-- On hand there, in the plant's codes; `location` is theirs: several places of the floor may be one there.
CREATE TABLE bridge.stock_level (
    system        text NOT NULL,
    item          text NOT NULL,
    lot           text NOT NULL,         -- '': under no lot
    location      text NOT NULL,
    our_location  text,                  -- null: several of ours are one there
    unit          text NOT NULL,
    quantity      numeric NOT NULL,
    PRIMARY KEY (system, item, lot, location, unit)
);

-- Per lot, in the unit the plant keeps it in: there + under way = here + difference.
CREATE TABLE bridge.stock_comparison (
    comparison_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    system        text NOT NULL,
    item          text NOT NULL,
    lot           text NOT NULL,
    unit          text NOT NULL,
    there         numeric NOT NULL,
    here          numeric,               -- null: the plant never received such a lot
    under_way     numeric NOT NULL,      -- what documents not delivered yet, and receipts not told yet, will change
    difference    numeric,               -- null: cannot be told
    state         text NOT NULL CHECK (state IN ('equal', 'explained', 'difference', 'in_doubt', 'only_there',
                      'other_unit', 'unmapped')),
    since_time    timestamptz NOT NULL,  -- the first reading from which on it is in this state
    compared_time timestamptz NOT NULL,
    UNIQUE (system, item, lot)
);

CREATE INDEX document_finished ON bridge.document (finished_time) WHERE finished_time IS NOT NULL;
