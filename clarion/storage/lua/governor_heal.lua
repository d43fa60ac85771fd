-- The provider took something with this credential: whatever was held against it is forgotten.
-- KEYS: governor
--#include _governor
local now = now_us()
if redis.call('HGET', G, 'gate') then set('ramp', now) end
redis.call('HDEL', G, 'gate', 'reason', 'since', 'closed', 'trips', 'probe', 'failing')
set('healthy', now)
return 1
