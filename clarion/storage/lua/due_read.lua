-- Looks for the messages whose time has come, of every application. Changes nothing but entries that lead nowhere.
-- KEYS: due apps   ARGV: most of each application, most shards of each message, due key of the application '@',
--                  key prefix of the message '@'
-- Returns {now (ms), ms until the next one (-1 without one), {id, app, 'start', due (ms)}, {id, app, 'run', due, runs,
-- content} or {id, app, 'wake', due, queue, shard …} …}.
--#include _clock
local now = now_ms()
local found, soonest = {now, -1}, math.huge
local room = 4 * 1024 * 1024  -- bytes of contents in one reply; what finds no room is found again

local function entry(id, app, prefix, due)
  local fields = redis.call('HMGET', prefix .. 'message', 'state', 'runs', 'due_ms', 'queue')
  local state = fields[1]
  if state == 'scheduled' and not fields[2] then return {id, app, 'start', due} end
  if state == 'scheduled' then
    local content = redis.call('HGET', prefix .. 'message', 'content')
    if not content or not fields[3] then return nil end
    room = room - #content
    return {id, app, 'run', fields[3], fields[2], content}
  end
  if state ~= 'planning' and state ~= 'delivering' then return nil end
  local reply = {id, app, 'wake', due, fields[4] or ''}
  for _, shard in ipairs(redis.call('ZRANGEBYSCORE', prefix .. 'later', '-inf', now, 'LIMIT', 0, ARGV[2])) do
    reply[#reply + 1] = shard
  end
  return reply
end

for _, app in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local key = string.gsub(ARGV[3], '@', app)
  local due = redis.call('ZRANGEBYSCORE', key, '-inf', now, 'WITHSCORES', 'LIMIT', 0, ARGV[1])
  for i = 1, #due, 2 do
    if room < 0 then break end
    local id = due[i]
    local each = entry(id, app, (string.gsub(ARGV[4], '@', id)), due[i + 1])
    if each then found[#found + 1] = each else redis.call('ZREM', key, id) end
  end
  local next = redis.call('ZRANGEBYSCORE', key, '(' .. now, '(inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if next[2] then soonest = math.min(soonest, next[2] - now) end
end
if soonest < math.huge then found[2] = soonest end
return found
