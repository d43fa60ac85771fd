-- One partition of a directory: 256 buckets, each a small hash. A digest is 10 bytes: the first gives the partition, the
-- second is the bucket's name, the other eight are the field. Ordinals are strings throughout: Redis is slow to write
-- numbers out.

local DIGEST_BYTES = 10
local NONE = '-1'
local call, sub = redis.call, string.sub

-- The bucket's key and the field of the i-th of the digests.
local function place(prefix, digests, i)
  local at = i * DIGEST_BYTES
  return prefix .. sub(digests, at - 8, at - 8), sub(digests, at - 7, at)
end
