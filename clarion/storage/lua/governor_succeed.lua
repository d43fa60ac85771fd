-- The provider took a device, or at least answered for it: failures are forgotten, and a probe opens the gate.
-- KEYS: budget, gate   ARGV: 1 if it took the device, fence of the probe or ''
-- Returns 1 when the gate is open.
--#include _governor
local now = now_us()
if ARGV[1] == '1' then set(GATE, 'accepted', now) end
if not redis.call('HGET', GATE, 'state') then
  redis.call('HDEL', GATE, 'failing')
  return 1
end
if ARGV[2] == '' or ARGV[2] ~= redis.call('HGET', GATE, 'fence') then return 0 end
redis.call('HDEL', GATE, 'state', 'reason', 'since', 'closed', 'trips', 'probe', 'failing')
set(BUDGET, 'ramp', now)
return 1
