-- Appends a batch of events to the log, each only if it is not known yet, all in one step.
--
-- The memory of what is known is a ring of five hashes, so that forgetting is dropping a whole hash:
-- one is written to until its period is over or it is full, then the oldest makes room.
--
-- KEYS[1] the log; KEYS[2] the ring's state (hash: slot, since); KEYS[3..7] the ring.
-- ARGV[1] now, ms; ARGV[2] length of a period, ms; ARGV[3] most entries of one hash;
-- ARGV[4] most entries of the log; ARGV[5] "1" to append even what is known;
-- then four for each event: its key, the digest of its body, the request's key or "", its JSON.
-- Answers a string with one digit for each event: 0 new, 1 duplicate, 2 conflict; or "overloaded".
local log, state = KEYS[1], KEYS[2]
local now, period, full, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local anew = ARGV[5] == '1'

if redis.call('EXISTS', log) == 0 then
  redis.call('XGROUP', 'CREATE', log, 'writer', '0', 'MKSTREAM')
  redis.call('XGROUP', 'CREATE', log, 'projector', '0')
elseif redis.call('XLEN', log) >= limit then
  return 'overloaded'
end

local slot = tonumber(redis.call('HGET', state, 'slot') or '-1')
local since = tonumber(redis.call('HGET', state, 'since') or '0')
if slot < 0 or now - since >= period or redis.call('HLEN', KEYS[3 + slot]) >= full then
  slot = (slot + 1) % 5
  redis.call('UNLINK', KEYS[3 + slot])
  redis.call('HSET', state, 'slot', slot, 'since', ARGV[1])
end

local keys = {}
for i = 6, #ARGV, 4 do
  keys[#keys + 1] = ARGV[i]
  if ARGV[i + 2] ~= '' then
    keys[#keys + 1] = ARGV[i + 2]
  end
end
local known = {}
for part = 1, #keys, 4000 do
  local last = math.min(part + 3999, #keys)
  for r = 3, 7 do
    local found = redis.call('HMGET', KEYS[r], unpack(keys, part, last))
    for i = part, last do
      if found[i - part + 1] then
        known[keys[i]] = found[i - part + 1]
      end
    end
  end
end

local answer, remember = {}, {}
local function note(key, value)
  known[key] = value
  remember[#remember + 1] = key
  remember[#remember + 1] = value
end
for i = 6, #ARGV, 4 do
  local key, body, request = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if known[key] and not anew then
    answer[#answer + 1] = known[key] == body and '1' or '2'
  elseif request ~= '' and known[request] and not anew then
    answer[#answer + 1] = '1'
  else
    answer[#answer + 1] = '0'
    redis.call('XADD', log, '*', 'e', ARGV[i + 3])
    note(key, body)
    if request ~= '' then
      note(request, '')
    end
  end
end
for part = 1, #remember, 4000 do
  redis.call('HSET', KEYS[3 + slot], unpack(remember, part, math.min(part + 3999, #remember)))
end
return table.concat(answer)
