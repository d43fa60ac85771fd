-- KEYS[2] active.
-- Nothing waits with a task for longer than this: what lies further ahead was due before Redis' clock was set back.
local AHEAD_MS = 10000

-- A message whose shards all wait for a time has none to rescue: somebody looks at it when the first is due.
local function leave_active(id)
  if redis.call('EXISTS', WAITING, LEASED) == 0 then redis.call('ZREM', KEYS[2], id) end
end

-- A shard's row: fence, attempts that ended in an error of our own, and who holds it.
local function row(shard)
  local text = redis.call('HGET', SHARDS, shard)
  if not text then return {fence = 0, attempt = 0, owner = ''} end
  local fence, attempt, owner = string.match(text, '^(%d+):(%d+):(.*)$')
  return {fence = tonumber(fence), attempt = tonumber(attempt), owner = owner}
end

local function write_row(shard, r)
  redis.call('HSET', SHARDS, shard, string.format('%d:%d:%s', r.fence, r.attempt, r.owner))
end

local function holds(shard, fence)
  return redis.call('ZSCORE', LEASED, shard) and row(shard).fence == tonumber(fence)
end
