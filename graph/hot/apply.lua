-- Applies a batch of log entries to the evidence, each exactly once: an entry counts only in the
-- call that acknowledges it, and both happen together.
-- KEYS[1] the log. ARGV[1] JSON: {group, cell_ttl_s, samples_kept, samples_ttl_s, tokens_ttl_s,
-- charges_kept, entries: [[entry id or "", effect, effect, ...], ...]}; an empty entry id applies without a log.
-- Effects: ["r", minute, deployment, outcome, [bin fields], at_us, day, task type, completion tokens,
--           {sum: amount}, charge as JSON]
--          ["x", minute, deployment, class, at_us]                a try that another made good
--          ["c", minute, deployment, {field: amount}, at_us]      a whole cell, where there is none
--          ["v", deployment, at_us, charge as JSON or nothing]    only seen
--          ["s", deployment, at_us, sample as JSON]
--          ["t", kind, id, rank, value as JSON, versions field]   the highest rank stays
--          ["f", kind, id, rank, value as JSON, versions field]   the lowest rank stays
-- Answers how many entries were applied, then the id and the error of each that could not be.
local batch = cjson.decode(ARGV[1])
local refused = {}
local applied, cells, minutes, seen, tokens, versions = 0, {}, {}, {}, {}, {}
local samples, charges = {}, {}

local function add(map, key, field, amount)
  local fields = map[key]
  if not fields then
    fields = {}
    map[key] = fields
  end
  fields[field] = (fields[field] or 0) + amount
end

local function latest(map, key, value)
  if value > (map[key] or 0) then
    map[key] = value
  end
end

local function request(e)
  local minute, deployment, at_us = e[2], e[3], e[6]
  local key = 'rc:hot:cell:' .. string.format('%d', minute) .. ':' .. deployment
  add(cells, key, e[4], 1)
  for _, bin in ipairs(e[5]) do
    add(cells, key, bin, 1)
  end
  add(minutes, 'rc:hot:minute:' .. string.format('%d', minute), deployment, 1)
  cells[key].last_at = math.max(cells[key].last_at or 0, at_us)
  latest(seen, deployment, at_us)
  local day = 'rc:hot:tokens:' .. string.format('%d', e[7])
  add(tokens, day, 'n:' .. e[8], 1)
  add(tokens, day, 't:' .. e[8], e[9])
  local work = 'rc:hot:work:' .. string.format('%d', e[7])
  for sum, amount in pairs(e[10]) do
    add(tokens, work, sum .. ':' .. deployment, amount)
  end
end

local function failed_try(e)
  local key = 'rc:hot:cell:' .. string.format('%d', e[2]) .. ':' .. e[3]
  add(cells, key, e[4], 1)
  add(minutes, 'rc:hot:minute:' .. string.format('%d', e[2]), e[3], 1)
  cells[key].last_at = math.max(cells[key].last_at or 0, e[5])
  latest(seen, e[3], e[5])
end

-- A charge is kept with the id of its entry, so that it is known which ones the graph has counted.
local function charge(id, json)
  charges[#charges + 1] = id .. ' ' .. json
end

local function cell(e)
  local key = 'rc:hot:cell:' .. string.format('%d', e[2]) .. ':' .. e[3]
  if redis.call('EXISTS', key) == 1 then
    return
  end
  for field, amount in pairs(e[4]) do
    add(cells, key, field, amount)
    if string.match(field, '^%a%a') then
      add(minutes, 'rc:hot:minute:' .. string.format('%d', e[2]), e[3], amount)
    end
  end
  cells[key].last_at = math.max(cells[key].last_at or 0, e[5])
  latest(seen, e[3], e[5])
end

local function sample(e)
  local key = 'rc:hot:samples:' .. e[2]
  local answer = redis.pcall('ZADD', key, string.format('%d', e[3]), e[4])
  if type(answer) == 'table' and answer.err then
    return answer.err
  end
  samples[key] = true
  latest(seen, e[2], e[3])
  versions[e[2]] = 1
end

-- A value is its rank, a newline, and the JSON; ranks are digits and hex of one length.
local function told(e, keep_lowest)
  local key = 'rc:hot:told:' .. e[2]
  local old = redis.pcall('HGET', key, e[3])
  if type(old) == 'table' and old.err then
    return old.err
  end
  if old then
    local rank = string.match(old, '^[^\n]*')
    if keep_lowest and rank <= e[4] or not keep_lowest and rank >= e[4] then
      return
    end
  end
  redis.pcall('HSET', key, e[3], e[4] .. '\n' .. e[5])
  versions[e[6]] = (versions[e[6]] or 0) + 1
end

for _, entry in ipairs(batch.entries) do
  if entry[1] == '' or redis.call('XACK', KEYS[1], batch.group, entry[1]) == 1 then
    applied = applied + 1
    for i = 2, #entry do
      local effect, wrong = entry[i], nil
      if effect[1] == 'r' then
        request(effect)
        charge(entry[1], effect[11])
      elseif effect[1] == 's' then
        wrong = sample(effect)
      elseif effect[1] == 'x' then
        failed_try(effect)
      elseif effect[1] == 'c' then
        cell(effect)
      elseif effect[1] == 'v' then
        latest(seen, effect[2], effect[3])
        if effect[4] then
          charge(entry[1], effect[4])
        end
      else
        wrong = told(effect, effect[1] == 'f')
      end
      if wrong then
        refused[#refused + 1] = entry[1]
        refused[#refused + 1] = wrong
        break
      end
    end
  end
end

-- What is left are sums. Where something foreign stands in their place they are not kept; the
-- entries are in the graph all the same.

for key, fields in pairs(cells) do
  local last_at = fields.last_at
  fields.last_at = nil
  for field, amount in pairs(fields) do
    redis.pcall('HINCRBY', key, field, string.format('%d', amount))
  end
  local before = redis.pcall('HGET', key, 'last_at')
  before = type(before) == 'string' and tonumber(before) or 0
  redis.pcall('HSET', key, 'last_at', string.format('%d', math.max(before, last_at)))
  redis.pcall('EXPIRE', key, batch.cell_ttl_s)
end
for key, fields in pairs(minutes) do
  for field, amount in pairs(fields) do
    redis.pcall('HINCRBY', key, field, string.format('%d', amount))
  end
  redis.pcall('EXPIRE', key, batch.cell_ttl_s)
end
for key, fields in pairs(tokens) do
  for field, amount in pairs(fields) do
    redis.pcall('HINCRBY', key, field, string.format('%d', amount))
  end
  redis.pcall('EXPIRE', key, batch.tokens_ttl_s)
end
if #charges > 0 then
  for i = 1, #charges do
    redis.pcall('RPUSH', 'rc:hot:charges', charges[i])
  end
  redis.pcall('LTRIM', 'rc:hot:charges', -batch.charges_kept, -1)
  redis.pcall('EXPIRE', 'rc:hot:charges', batch.cell_ttl_s)
end
for key in pairs(samples) do
  redis.pcall('ZREMRANGEBYRANK', key, 0, -(batch.samples_kept + 1))
  redis.pcall('EXPIRE', key, batch.samples_ttl_s)
end
for deployment, at_us in pairs(seen) do
  redis.pcall('ZADD', 'rc:hot:seen', 'GT', string.format('%d', at_us), deployment)
end
redis.pcall('ZREMRANGEBYRANK', 'rc:hot:seen', 0, -10001)
for field, amount in pairs(versions) do
  redis.pcall('HINCRBY', 'rc:hot:versions', field, amount)
end
table.insert(refused, 1, applied)
return refused
