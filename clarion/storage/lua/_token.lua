-- Whether a record, as MessagePack, carries a token, given as MessagePack: the token comes first, after one byte that says
-- how many fields there are.

local function carries(record, token)
  return record and string.sub(record, 2, #token + 1) == token
end
