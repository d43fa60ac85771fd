-- Clear the strikes against tokens that devices of one chunk still carry.
-- KEYS: records, strikes. ARGV: slot and token (as MessagePack) in turns.

--#include _token

for i = 1, #ARGV, 2 do
  if carries(redis.call('HGET', KEYS[1], ARGV[i]), ARGV[i + 1]) then
    redis.call('HDEL', KEYS[2], ARGV[i])
  end
end
