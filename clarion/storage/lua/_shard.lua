-- A shard's row: fence, attempts burned, when the first was burned, and who holds it.
local function row(shard)
  local text = redis.call('HGET', SHARDS, shard)
  if not text then return {fence = 0, attempt = 0, since = 0, owner = ''} end
  local fence, attempt, since, owner = string.match(text, '^(%d+):(%d+):(%d+):(.*)$')
  return {fence = tonumber(fence), attempt = tonumber(attempt), since = tonumber(since), owner = owner}
end

local function write_row(shard, r)
  redis.call('HSET', SHARDS, shard, string.format('%d:%d:%d:%s', r.fence, r.attempt, r.since, r.owner))
end

local function holds(shard, fence)
  return redis.call('ZSCORE', LEASED, shard) and row(shard).fence == tonumber(fence)
end
