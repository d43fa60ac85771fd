-- The keys of one message, from KEYS[1], the prefix they share; and the clock.
--#include _clock
local prefix = KEYS[1]
local MESSAGE, BOOKS, CODES = prefix .. 'message', prefix .. 'books', prefix .. 'codes'
local CHUNKS, LEDGER, UNMATCHED = prefix .. 'chunks', prefix .. 'ledger:', prefix .. 'unmatched'
local WAITING, LEASED, SHARDS = prefix .. 'waiting', prefix .. 'leased', prefix .. 'shards'
local WAITS, LATER = prefix .. 'waits', prefix .. 'later'
local RUNS, OPEN_RUNS, FROZEN = prefix .. 'runs', prefix .. 'open-runs', prefix .. 'frozen'
local PENDING = 1  -- the ledger's code for a device of the audience without an outcome; 0 is not of the audience
