-- Keeps what was read from the graph and drops the charges that are in it, both together.
-- ARGV[1] JSON: {owner, drop: [entry id, ...], keep: {entry id: JSON}, spent: {field: text},
--   forget: [field, ...]}
-- Answers whether it did: not where another settles now.
local call = cjson.decode(ARGV[1])
if redis.call('GET', 'rc:hot:accounts:owner') ~= call.owner then
  return 0
end
local function remove(key, fields)
  for from = 1, #fields, 4000 do
    redis.call('HDEL', key, unpack(fields, from, math.min(from + 3999, #fields)))
  end
end
remove('rc:hot:tail', call.drop)
for id, kept in pairs(call.keep) do
  redis.call('HSET', 'rc:hot:tail', id, kept)
end
remove('rc:hot:spent', call.forget)
for field, nano in pairs(call.spent) do
  redis.call('HSET', 'rc:hot:spent', field, nano)
end
return 1
