-- Applies the bookings of one process, each flush once, however often it is sent.
-- ARGV[1] JSON: {process, flush, now_us, hold_us,
--   bookings: [[account, second, [requests, nano_usd, tokens], quota of requests, quota of tokens], ...]}
-- Answers the stamp in force; a view with that stamp holds these bookings.
local call = cjson.decode(ARGV[1])
local now, hold = call.now_us, call.hold_us
local now_ms = math.floor(now / 1000)
if redis.call('ZADD', 'rc:hot:processes', whole(now_ms), call.process) == 1 then
  touched = true
  -- Those that ended long ago are forgotten whenever another begins.
  for _, ended in ipairs(redis.call('ZRANGEBYSCORE', 'rc:hot:processes', '-inf', whole(now_ms - 3600000))) do
    redis.call('ZREM', 'rc:hot:processes', ended)
    redis.call('HDEL', 'rc:hot:flushed', ended)
  end
end
local last = tonumber(redis.call('HGET', 'rc:hot:flushed', call.process) or '0')
if call.flush > last then
  for _, each in ipairs(call.bookings) do
    local account, quotas = load(each[1]), {each[4], each[5]}
    expire(account, quotas, now, hold)
    if (each[2] + 1) * MICRO + hold > now then
      book(account, each[2], each[3], quotas, now)
    end
  end
  redis.call('HSET', 'rc:hot:flushed', call.process, whole(call.flush))
  redis.call('EXPIRE', 'rc:hot:flushed', KEPT_S)
end
return save(now)
