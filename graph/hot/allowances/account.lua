-- What the scripts about accounts share: each is run with this text before its own.
--
-- An account is a hash: rd, ra and kd, ka are the debts of its buckets of requests and of tokens, in
-- millionths, and since when, in microseconds; s<second> is "n nano_usd tokens", what the picks of that
-- second are expected to take that no completion confirmed yet. A quota is [limit, seconds] or empty.
-- The sums are those of `Meter` in graph/hot/accounts.py.

local MICRO, DEBT_LIMIT, EARLY_US, KEPT_S = 1000000, 2, 5000000, 172800
local loaded, touched = {}, false

local function load(name)
  local account = loaded[name]
  if account then
    return account
  end
  account = {rd = 0, ra = 0, kd = 0, ka = 0, slots = {}, changed = {}}
  loaded[name] = account
  local raw = redis.pcall('HGETALL', 'rc:hot:account:' .. name)
  if raw.err then
    -- Something foreign stands in its place: it makes way.
    redis.call('DEL', 'rc:hot:account:' .. name)
    return account
  end
  for i = 1, #raw, 2 do
    local second = string.match(raw[i], '^s(%d+)$')
    if second then
      local n, nano, tokens = string.match(raw[i + 1], '^(%d+) (%d+) (%d+)$')
      account.slots[tonumber(second)] = {tonumber(n), tonumber(nano), tonumber(tokens)}
    elseif account[raw[i]] then
      account[raw[i]] = tonumber(raw[i + 1])
    end
  end
  return account
end

local function burst(quota)
  if quota[1] <= 0 then
    return 0
  end
  return math.floor(math.max(quota[1], 1) * MICRO)
end

-- Takes from a bucket, or gives back, after it has refilled up to now.
local function take(account, which, amount, quota, now)
  if #quota ~= 2 then
    return
  end
  local debt, at = account[which .. 'd'], account[which .. 'a']
  local elapsed = now - at
  if elapsed > 0 then
    local refilled = elapsed * quota[1] / quota[2]
    if refilled >= debt then
      debt, at = 0, now
    else
      local whole = math.floor(refilled)
      if whole > 0 then
        debt = debt - whole
        at = math.min(now, at + math.ceil(whole * quota[2] / quota[1]))
      end
    end
  end
  debt = math.max(0, math.min(debt + amount, DEBT_LIMIT * burst(quota)))
  account[which .. 'd'], account[which .. 'a'] = debt, at
end

local function change(account, second)
  account.changed[second] = true
end

-- Bookings that no completion confirmed in time count as never sent.
local function expire(account, quotas, now, hold)
  local gone = {}
  for second, slot in pairs(account.slots) do
    if (second + 1) * MICRO + hold <= now then
      gone[#gone + 1] = second
    end
  end
  table.sort(gone)
  for _, second in ipairs(gone) do
    local slot = account.slots[second]
    take(account, 'r', -slot[1] * MICRO, quotas[1], now)
    take(account, 'k', -slot[3] * MICRO, quotas[2], now)
    account.slots[second] = nil
    change(account, second)
  end
end

local function book(account, second, booking, quotas, now)
  local slot = account.slots[second] or {0, 0, 0}
  for i = 1, 3 do
    slot[i] = slot[i] + booking[i]
  end
  account.slots[second] = slot
  change(account, second)
  take(account, 'r', booking[1] * MICRO, quotas[1], now)
  take(account, 'k', booking[3] * MICRO, quotas[2], now)
end

-- Takes the oldest booking out, of one request; the tokens it was expected to take, or nothing where
-- no pick booked it.
local function release(account, at)
  local oldest
  for second in pairs(account.slots) do
    if not oldest or second < oldest then
      oldest = second
    end
  end
  if not oldest or at + EARLY_US < oldest * MICRO then
    return nil
  end
  local slot = account.slots[oldest]
  local tokens = math.floor(slot[3] / slot[1])
  if slot[1] <= 1 then
    account.slots[oldest] = nil
  else
    slot[2] = slot[2] - math.floor(slot[2] / slot[1])
    slot[3] = slot[3] - tokens
    slot[1] = slot[1] - 1
  end
  change(account, oldest)
  return tokens
end

local function whole(number)
  return string.format('%d', number)
end

-- Writes every account that was loaded, all with one new stamp; gives the stamp in force.
local function save(now)
  local before = tonumber(redis.call('GET', 'rc:hot:accounts:stamp') or '0')
  if not next(loaded) and not touched then
    return whole(before)
  end
  local stamp = whole(math.max(before + 1, now))
  for name, account in pairs(loaded) do
    local key = 'rc:hot:account:' .. name
    redis.call('HSET', key, 'rd', whole(account.rd), 'ra', whole(account.ra),
      'kd', whole(account.kd), 'ka', whole(account.ka))
    for second in pairs(account.changed) do
      local slot, field = account.slots[second], 's' .. whole(second)
      if slot then
        local text = whole(slot[1]) .. ' ' .. whole(slot[2]) .. ' ' .. whole(slot[3])
        redis.call('HSET', key, field, text)
      else
        redis.call('HDEL', key, field)
      end
    end
    redis.call('EXPIRE', key, KEPT_S)
    redis.call('ZADD', 'rc:hot:accounts', stamp, name)
  end
  redis.call('ZREMRANGEBYRANK', 'rc:hot:accounts', 0, -20001)
  redis.call('SET', 'rc:hot:accounts:stamp', stamp)
  return stamp
end
