-- Starts a run of a repeated message, once: whoever comes second finds that its time has changed.
-- KEYS: message prefix, active, outbox, due, recent, queue, message prefix of the run
-- ARGV: id, app, due (ms), next due (ms; '' ends the repetition), id of the run ('' when none is started), its content,
--       task message (or ''), entry of the history (or ''), runs that were missed
-- Returns 1, or 0 when there was nothing to do.
--#include _message
--#include _settle
local HISTORY = 1000
local id, app, now = ARGV[1], ARGV[2], now_ms()
local fields = redis.call('HMGET', MESSAGE, 'state', 'due_ms', 'retention_s')
local score = redis.call('ZSCORE', KEYS[4], id)
if fields[1] ~= 'scheduled' or fields[2] ~= ARGV[3] or not score or tonumber(score) > now then return 0 end
local again = ARGV[5] ~= '' and redis.call('EXISTS', KEYS[7] .. 'message') == 1  -- rescheduled onto an instant that was
if ARGV[5] ~= '' and not again then
  redis.call('HSET', KEYS[7] .. 'message', 'app', app, 'content', ARGV[6], 'state', 'accepted', 'audience', 0,
    'accepted_ms', now, 'retention_s', fields[3], 'parent', id, 'open_runs', OPEN_RUNS)
  redis.call('SADD', OPEN_RUNS, ARGV[5])
  redis.call('ZADD', KEYS[3], now, ARGV[5])
  redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', now - fields[3] * 1000)
  redis.call('ZADD', KEYS[5], now, ARGV[5])
  redis.call('HINCRBY', MESSAGE, 'runs', 1)
  if ARGV[7] ~= '' then redis.call('LPUSH', KEYS[6], ARGV[7]) end
end
if not again then
  redis.call('LPUSH', RUNS, ARGV[8])
  redis.call('LTRIM', RUNS, 0, HISTORY - 1)
  redis.call('HINCRBY', MESSAGE, 'missed', ARGV[9])
end
if ARGV[4] == '' then
  redis.call('HDEL', MESSAGE, 'due_ms')
  redis.call('ZREM', KEYS[4], id)
  redis.call('ZADD', KEYS[5], now, id)
  close(id, 'published', now)
else
  redis.call('HSET', MESSAGE, 'due_ms', ARGV[4])
  redis.call('ZADD', KEYS[4], ARGV[4], id)
end
return 1
