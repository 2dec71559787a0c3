-- Migration 1. Instants are microseconds since 1970, UTC; 0 is none. Sums are minor units. Only added to by later migrations.
CREATE TABLE {t}refund_meta (name text PRIMARY KEY, value text NOT NULL);

CREATE TABLE {t}refund_merchants (
  merchant   text   PRIMARY KEY CHECK (merchant <> ''),
  held       bigint NOT NULL DEFAULT 0,        -- since when nothing is sent
  held_why   text   NOT NULL DEFAULT '',
  paused     bigint NOT NULL DEFAULT 0,        -- since when Assist doesn't take our settings
  paused_why text   NOT NULL DEFAULT '',
  probe_at   bigint NOT NULL DEFAULT 0,        -- when a paused one is tried again
  reconciled bigint NOT NULL DEFAULT 0,
  reconciled_complete bigint NOT NULL DEFAULT 0,
  lost_since bigint NOT NULL DEFAULT 0,        -- from when on history may be lost, since the database is a restored copy
  server     text   NOT NULL DEFAULT '');      -- host where its cancels were sent: a client of another one sends nothing

CREATE TABLE {t}refund_payments (
  merchant    text   NOT NULL REFERENCES {t}refund_merchants,
  payment     text   NOT NULL,                 -- plain billnumber
  version     bigint NOT NULL DEFAULT 0,       -- grows with every begin and every end: what was seen before may be older
  last_client text   NOT NULL DEFAULT '',      -- client instance of the latest cancel
  free_since  bigint NOT NULL DEFAULT 0,       -- when its outcome was stored: the rest begins
  mean_type   bigint NOT NULL DEFAULT 0,
  mean_last4  text   NOT NULL DEFAULT '',      -- never more of the number
  paid_at     bigint NOT NULL DEFAULT 0,
  paid_minor  bigint NOT NULL DEFAULT 0,
  paid_currency text NOT NULL DEFAULT '',
  email       text   NOT NULL DEFAULT '',      -- keyed hash
  PRIMARY KEY (merchant, payment));
CREATE INDEX {i}refund_payments_last4 ON {t}refund_payments (mean_last4, paid_at) WHERE mean_last4 <> '';
CREATE INDEX {i}refund_payments_email ON {t}refund_payments (email) WHERE email <> '';

CREATE TABLE {t}refunds (
  id            {counted},
  merchant      text     NOT NULL,
  key           text     NOT NULL,             -- the merchant's idempotency key
  payment       text     NOT NULL,
  billnumber    text     NOT NULL,             -- as asked for, extended or not
  order_number  text     NOT NULL,
  order_date    bigint   NOT NULL,
  minor         bigint   NOT NULL CHECK (minor > 0),
  currency      text     NOT NULL,
  whole         smallint NOT NULL DEFAULT 0,   -- 1: all that is left, which is minor
  request       text     NOT NULL DEFAULT '',  -- JSON: reason, client IP, cheque items; emptied at the end
  content       text     NOT NULL,             -- keyed hash of what was asked for
  refund_number bigint   NOT NULL DEFAULT 1,   -- in ExternalRefundID: grows only when Assist has refused, never after an unknown outcome
  state         smallint NOT NULL CHECK (state IN (1,2,3,10,11,12,13,14,20)),
  waits         smallint NOT NULL DEFAULT 0,
  person        bigint   NOT NULL DEFAULT 0,   -- since when a person is needed
  person_why    text     NOT NULL DEFAULT '',
  taken_by      text     NOT NULL DEFAULT '',
  next_at       bigint   NOT NULL,             -- due; while it is being worked at, the end of the lease
  not_before    bigint   NOT NULL DEFAULT 0,
  version       bigint   NOT NULL DEFAULT 0,   -- the fence: grows with every claim
  attempts      bigint   NOT NULL DEFAULT 0,
  attempt       text     NOT NULL DEFAULT '',  -- intent of the open attempt
  not_sent      bigint   NOT NULL DEFAULT 0,
  codes         text     NOT NULL DEFAULT '',
  detail        text     NOT NULL DEFAULT '',
  asker         text     NOT NULL DEFAULT '',
  asker_name    text     NOT NULL DEFAULT '',
  approver      text     NOT NULL DEFAULT '',
  approver_name text     NOT NULL DEFAULT '',
  note          text     NOT NULL DEFAULT '',
  created       bigint   NOT NULL,
  ended         bigint   NOT NULL DEFAULT 0,
  UNIQUE (merchant, key),
  FOREIGN KEY (merchant, payment) REFERENCES {t}refund_payments,
  CHECK ((state IN (2,3)) = (attempt <> '')),
  CHECK ((state BETWEEN 10 AND 19) = (ended > 0)),
  CHECK (approver = '' OR approver <> asker));
CREATE INDEX {i}refunds_due      ON {t}refunds (merchant, next_at) WHERE state IN (1,2,3);
CREATE INDEX {i}refunds_proposed ON {t}refunds (next_at) WHERE state = 20;
CREATE INDEX {i}refunds_person   ON {t}refunds (person) WHERE person > 0;
CREATE INDEX {i}refunds_payment  ON {t}refunds (merchant, payment);
CREATE INDEX {i}refunds_order    ON {t}refunds (order_number);
CREATE INDEX {i}refunds_ended    ON {t}refunds (ended) WHERE ended > 0;
CREATE INDEX {i}refunds_created  ON {t}refunds (created);
CREATE INDEX {i}refunds_asker    ON {t}refunds (asker, created) WHERE asker <> '';

CREATE TABLE {t}refund_attempts (
  intent_id    text     PRIMARY KEY,
  refund       bigint   NOT NULL REFERENCES {t}refunds,
  merchant     text     NOT NULL,
  payment      text     NOT NULL,
  number       bigint   NOT NULL,
  intent       text     NOT NULL,              -- token; emptied when the cancellation is there, which holds it
  cancellation text     NOT NULL DEFAULT '',   -- token
  client       text     NOT NULL,
  minor        bigint   NOT NULL,
  currency     text     NOT NULL,
  begun        bigint   NOT NULL,
  told         bigint   NOT NULL DEFAULT 0,    -- when an outcome was first known; 0 is: may still be on its way
  ended        bigint   NOT NULL DEFAULT 0,
  outcome      smallint NOT NULL DEFAULT 0,
  codes        text     NOT NULL DEFAULT '',
  detail       text     NOT NULL DEFAULT '',
  asked        bigint   NOT NULL DEFAULT 0,
  asks         bigint   NOT NULL DEFAULT 0,
  seen         text     NOT NULL DEFAULT '',   -- billnumbers that may be its operations
  watch_at     bigint   NOT NULL DEFAULT 0,
  watch_until  bigint   NOT NULL DEFAULT 0,
  closed_by    text     NOT NULL DEFAULT '',
  UNIQUE (merchant, payment, refund, number));
-- The database itself holds the rule that the money hangs on: one cancel of a payment whose outcome isn't known.
CREATE UNIQUE INDEX {i}refund_attempts_one_open ON {t}refund_attempts (merchant, payment) WHERE told = 0;
CREATE INDEX {i}refund_attempts_watch   ON {t}refund_attempts (watch_at) WHERE watch_at > 0;

CREATE TABLE {t}refund_operations (            -- an operation at Assist belongs to one attempt at most; kept when the refund is purged
  merchant text NOT NULL, operation text NOT NULL, payment text NOT NULL, intent_id text NOT NULL, refund bigint NOT NULL,
  minor bigint NOT NULL, currency text NOT NULL, at bigint NOT NULL, code text NOT NULL DEFAULT '', approval text NOT NULL DEFAULT '', slip text NOT NULL DEFAULT '',
  PRIMARY KEY (merchant, operation));
CREATE INDEX {i}refund_operations_payment ON {t}refund_operations (merchant, payment, operation);

CREATE TABLE {t}refund_events (                -- the history, only added to; a trigger notes each for the chain and for all consumers
  id {numbered},
  refund bigint NOT NULL DEFAULT 0,            -- 0: of a merchant
  merchant text NOT NULL, at bigint NOT NULL, kind text NOT NULL, from_state smallint NOT NULL, to_state smallint NOT NULL,
  actor text NOT NULL, actor_name text NOT NULL DEFAULT '', reason text NOT NULL DEFAULT '', intent_id text NOT NULL DEFAULT '', data text NOT NULL DEFAULT '');
CREATE INDEX {i}refund_events_refund ON {t}refund_events (refund, id);
CREATE INDEX {i}refund_events_late   ON {t}refund_events (id) WHERE kind = 'moved late';

CREATE TABLE {t}refund_consumers (name text PRIMARY KEY, since bigint NOT NULL);
CREATE TABLE {t}refund_deliveries (            -- what a consumer hasn't had yet; deleted in its own transaction
  consumer text NOT NULL, event bigint NOT NULL, refund bigint NOT NULL, tries bigint NOT NULL DEFAULT 0, next_at bigint NOT NULL,
  PRIMARY KEY (consumer, event));
CREATE INDEX {i}refund_deliveries_refund ON {t}refund_deliveries (consumer, refund, event);

CREATE TABLE {t}refund_unsealed (event {number} PRIMARY KEY);  -- what the chain hasn't linked yet
-- The chain over the history, linked in batches: how many events it has up to here, the batch's events with marks of their hashes, and the last hash.
CREATE TABLE {t}refund_seals (number {number} PRIMARY KEY, events text NOT NULL, hash text NOT NULL);

CREATE TABLE {t}refund_tombstones (            -- keys of purged refunds: a late retry must not pay again
  merchant text NOT NULL, key text NOT NULL, content text NOT NULL, refund bigint NOT NULL, state smallint NOT NULL, ended bigint NOT NULL,
  PRIMARY KEY (merchant, key));

CREATE TABLE {t}refund_leases (name text PRIMARY KEY, holder text NOT NULL, until bigint NOT NULL);

CREATE TABLE {t}refund_decisions (
  id {counted},
  refund bigint NOT NULL, intent_id text NOT NULL, kind text NOT NULL, operation text NOT NULL DEFAULT '', state text NOT NULL,
  by_id text NOT NULL, by_name text NOT NULL, reason text NOT NULL,
  confirmer text NOT NULL DEFAULT '', confirmer_name text NOT NULL DEFAULT '', confirmer_reason text NOT NULL DEFAULT '',
  at bigint NOT NULL, ended bigint NOT NULL DEFAULT 0, result text NOT NULL DEFAULT '',
  CHECK (confirmer = '' OR confirmer <> by_id));
CREATE UNIQUE INDEX {i}refund_decisions_one_open ON {t}refund_decisions (intent_id) WHERE ended = 0;
CREATE INDEX {i}refund_decisions_refund ON {t}refund_decisions (refund);

CREATE TABLE {t}refund_balances (              -- one row to lock: two reservations never fit together where one fits
  merchant text NOT NULL, wallet bigint NOT NULL, currency text NOT NULL, version bigint NOT NULL DEFAULT 0, PRIMARY KEY (merchant, wallet, currency));
CREATE TABLE {t}refund_reservations (
  intent_id text PRIMARY KEY, merchant text NOT NULL, wallet bigint NOT NULL, currency text NOT NULL, minor bigint NOT NULL,
  made bigint NOT NULL, settled bigint NOT NULL DEFAULT 0, moved bigint NOT NULL DEFAULT 0);
CREATE INDEX {i}refund_reservations_wallet ON {t}refund_reservations (merchant, wallet, currency, settled);

CREATE TABLE {t}refund_results (               -- results by date: for the day balance and for reconciliation
  merchant text NOT NULL, operation text NOT NULL, payment text NOT NULL, order_number text NOT NULL, type bigint NOT NULL, mean_type bigint NOT NULL,
  order_state text NOT NULL, minor bigint NOT NULL, currency text NOT NULL, at bigint NOT NULL, code text NOT NULL, seen bigint NOT NULL,
  told bigint NOT NULL,                       -- when it was raised that nobody owns it; 0: not yet
  PRIMARY KEY (merchant, operation));
CREATE INDEX {i}refund_results_at ON {t}refund_results (merchant, at);
