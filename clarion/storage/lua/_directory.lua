-- One partition of a directory: 512 buckets, each a small hash. A digest is 10 bytes: bucket and partition are in the
-- two first, the other eight are the field.

local DIGEST_BYTES = 10

-- The bucket's key and the field of the i-th of the digests.
local function place(prefix, digests, i)
  local at = (i - 1) * DIGEST_BYTES
  local low, high = string.byte(digests, at + 1, at + 2)
  return prefix .. (low + high % 2 * 256), string.sub(digests, at + 3, at + DIGEST_BYTES)
end
