-- Takes charges off the list and settles them: the oldest booking of each account is released, quotas
-- are trued up, and the charge is kept until the graph is known to hold it. All of it, or nothing.
-- ARGV[1] JSON: {owner, now_us, hold_us, first, quotas: {account: [quota, quota]}, sweep: [account, ...],
--   charges: [[entry id, kept as JSON, at_us, tokens, [account, ...]], ...]}
-- `first` is the first line of the list as it was read. `sweep` are accounts whose bookings ran out.
-- Answers {"owner"} where another settles now, {"moved"} where the list is another, else {"done", stamp}.
local call = cjson.decode(ARGV[1])
local now, hold, count = call.now_us, call.hold_us, #call.charges
local FORGIVEN_US = 600 * MICRO
if redis.call('GET', 'rc:hot:accounts:owner') ~= call.owner then
  return {'owner'}
end
if count > 0 then
  if redis.call('LINDEX', 'rc:hot:charges', 0) ~= call.first
    or redis.call('LLEN', 'rc:hot:charges') < count then
    return {'moved'}
  end
end

-- What no pick announced takes now; not what came long ago, which has refilled since.
local function unannounced(account, which, amount, quota, at)
  if #quota == 2 and now - at <= math.max(quota[2] * MICRO, FORGIVEN_US) then
    take(account, which, amount, quota, now)
  end
end

for _, name in ipairs(call.sweep) do
  expire(load(name), call.quotas[name] or {{}, {}}, now, hold)
end
for _, charge in ipairs(call.charges) do
  local id, at, tokens = charge[1], charge[3], charge[4]
  for _, name in ipairs(charge[5]) do
    local account, quotas = load(name), call.quotas[name] or {{}, {}}
    expire(account, quotas, now, hold)
    local expected = release(account, at)
    if expected then
      take(account, 'k', (tokens - expected) * MICRO, quotas[2], now)
    else
      unannounced(account, 'r', MICRO, quotas[1], at)
      unannounced(account, 'k', tokens * MICRO, quotas[2], at)
    end
  end
  if id ~= '' then
    redis.call('HSET', 'rc:hot:tail', id, charge[2])
  end
end
local stamp = save(now)
if count > 0 then
  -- Last, so that an error before it loses no charge: the tail knows each by its entry.
  redis.call('LTRIM', 'rc:hot:charges', count, -1)
end
return {'done', stamp}
