-- Keeps dead letters within their bounds; the oldest make room.
-- KEYS[1] letters (hash: id to tenant, newline, JSON); KEYS[2] their order (sorted set by ms);
-- KEYS[3] counts (hash: bytes, dropped).
-- ARGV[1] most letters; ARGV[2] most of one tenant; ARGV[3] most bytes; ARGV[4] prefix of the sorted
-- sets by tenant; then four for each letter: id, tenant or "", received at in ms, JSON.
local letters, order, counts = KEYS[1], KEYS[2], KEYS[3]
local most, most_of_tenant, most_bytes = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local prefix = ARGV[4]

local function remove(id)
  local kept = redis.call('HGET', letters, id)
  if kept then
    redis.call('HDEL', letters, id)
    redis.call('HINCRBY', counts, 'bytes', -#kept)
    redis.call('ZREM', prefix .. string.match(kept, '^[^\n]*'), id)
  end
  redis.call('ZREM', order, id)
end

local function drop_oldest(set)
  local oldest = redis.call('ZRANGE', set, 0, 0)[1]
  remove(oldest)
  redis.call('ZREM', set, oldest)
  redis.call('HINCRBY', counts, 'dropped', 1)
end

for i = 5, #ARGV, 4 do
  local id, tenant, at, json = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  remove(id)
  if json ~= '' then
    local kept = tenant .. '\n' .. json
    redis.call('HSET', letters, id, kept)
    redis.call('HINCRBY', counts, 'bytes', #kept)
    redis.call('ZADD', order, at, id)
    redis.call('ZADD', prefix .. tenant, at, id)
    if redis.call('ZCARD', prefix .. tenant) > most_of_tenant then
      drop_oldest(prefix .. tenant)
    end
  end
end
while redis.call('ZCARD', order) > 1
  and (redis.call('ZCARD', order) > most
    or tonumber(redis.call('HGET', counts, 'bytes') or '0') > most_bytes) do
  drop_oldest(order)
end
return redis.call('ZCARD', order)
