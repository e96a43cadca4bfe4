-- Acknowledges entries for one group, then drops from the log what both groups are done with.
-- KEYS[1] the log. ARGV[1] the group, ARGV[2..] entry ids (none: only drop). Answers how many of
-- them had been waiting.
local log = KEYS[1]
local done = 0
if redis.call('EXISTS', log) == 0 then
  return 0
end
for part = 2, #ARGV, 4000 do
  done = done + redis.call('XACK', log, ARGV[1], unpack(ARGV, part, math.min(part + 3999, #ARGV)))
end

local function parts(id)
  local ms, sequence = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(sequence)
end

-- The first entry of each group that is not done; the earlier of the two must stay.
local keep_ms, keep_sequence
local groups = 0
for _, group in ipairs(redis.call('XINFO', 'GROUPS', log)) do
  local info = {}
  for i = 1, #group, 2 do
    info[group[i]] = group[i + 1]
  end
  if info.name == 'writer' or info.name == 'projector' then
    groups = groups + 1
    local ms, sequence
    if info.pending > 0 then
      ms, sequence = parts(redis.call('XPENDING', log, info.name)[2])
    else
      ms, sequence = parts(info['last-delivered-id'])
      sequence = sequence + 1
    end
    if not keep_ms or ms < keep_ms or ms == keep_ms and sequence < keep_sequence then
      keep_ms, keep_sequence = ms, sequence
    end
  end
end
if groups == 2 then
  redis.call('XTRIM', log, 'MINID', string.format('%d-%d', keep_ms, keep_sequence))
end
return done
