-- Gives quotas back their debts after Redis was emptied, on top of what was booked since, each once.
-- ARGV[1] JSON: {now_us, accounts: [[account, debt in millionths, [limit, seconds]], ...]}
local call = cjson.decode(ARGV[1])
if redis.call('EXISTS', 'rc:hot:accounts:built') == 0 then
  for _, each in ipairs(call.accounts) do
    if redis.call('HSETNX', 'rc:hot:account:' .. each[1], 'restored', '1') == 1 then
      take(load(each[1]), 'r', each[2], each[3], call.now_us)
    end
  end
end
return save(call.now_us)
