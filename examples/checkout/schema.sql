-- The shop's own tables, in the database of the refunds. SQLite and PostgreSQL take both.
CREATE TABLE IF NOT EXISTS orders (
  number     text   PRIMARY KEY,
  billnumber text   NOT NULL,           -- of the payment at Assist
  paid_at    bigint NOT NULL,           -- seconds since 1970
  currency   text   NOT NULL,
  paid       bigint NOT NULL,           -- minor units, as below
  asked      bigint NOT NULL DEFAULT 0, -- of refunds that are under way or done
  returned   bigint NOT NULL DEFAULT 0, -- of refunds that are done
  CHECK (asked BETWEEN 0 AND paid));

CREATE TABLE IF NOT EXISTS returns (
  key    text   PRIMARY KEY,            -- the caller's: the same key is the same refund
  number text   NOT NULL REFERENCES orders,
  minor  bigint NOT NULL,
  refund bigint NOT NULL UNIQUE,        -- its number in the module refunds
  state  text   NOT NULL);
