-- The one permit of each half-open breaker: who may send the probe now, and for which failure.
-- KEYS[1] the permit, its value `<token>:<failure>`; without a token the probe of that failure is
-- over. KEYS[2] exists while another process waits for the permit.
-- ARGV[1] what to do, ARGV[2] token, ARGV[3] failure (a number that grows from one to the next),
-- ARGV[4] ms that the permit lasts, ARGV[5] ms that waiting, or the memory of a probe that is
-- over, lasts; 0 where the caller does not wait.
-- Answers 0 where the caller has no permit afterwards, 1 where it has, 2 where another waits for it.
local action, token, failure, lease_ms, other_ms = unpack(ARGV)
local held = redis.call('GET', KEYS[1])
local holder, of
if held then
  holder, of = string.match(held, '^([^:]*):(%d+)$')
end
local mine = holder == token

if action == 'take' then
  -- A process whose view lags behind must not probe a failure again that was probed.
  local free = not holder or (holder == '' and tonumber(of) < tonumber(failure))
  if not free and not mine then
    if other_ms ~= '0' then
      redis.call('SET', KEYS[2], '1', 'PX', other_ms)
    end
    return 0
  end
  redis.call('SET', KEYS[1], token .. ':' .. failure, 'PX', lease_ms)
  return 1
end
if not mine then
  return 0
end
if action == 'keep' then
  redis.call('PEXPIRE', KEYS[1], lease_ms)
  return 1 + redis.call('EXISTS', KEYS[2])
end
if action == 'over' then
  redis.call('SET', KEYS[1], ':' .. of, 'PX', other_ms)
else
  redis.call('DEL', KEYS[1], KEYS[2])
end
return 0
