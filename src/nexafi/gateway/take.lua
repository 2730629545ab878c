-- Takes one call out of what each of several callers may still do, and says what is left.
--
-- A bucket is kept as the moment at which it will be full again (GCRA, ITU-T I.371), in microseconds
-- of this server's clock, and is forgotten when it is; a quota as the calls of the running day and
-- month (UTC) of an organization. What the rate refuses counts for nothing; what a quota refuses
-- counts for the rate alone.
--
-- KEYS: for each caller its bucket and its organization's quota.
-- ARGV: for each caller the microseconds between two calls, the depth of the bucket in microseconds,
--       and the calls that the organization has a day and a month; 0 for as many as it likes.
-- Returns for each caller: calls left in the bucket, or the microseconds to wait as a number below 0
--       where the call is refused; microseconds until the bucket is full; calls left of the day and of the month (-1: refused), seconds until the next
--       day and month begin, and the days of this month.

local time = redis.call('TIME')
local seconds = tonumber(time[1])
local now = seconds * 1000000 + tonumber(time[2])

local today = math.floor(seconds / 86400)

-- The civil calendar from a count of days, years beginning in March (H. Hinnant).
local since = today + 719468
local day_of_era = since % 146097
local year_of_era = math.floor((day_of_era - math.floor(day_of_era / 1460)
    + math.floor(day_of_era / 36524) - math.floor(day_of_era / 146096)) / 365)
local day_of_year = day_of_era
    - (365 * year_of_era + math.floor(year_of_era / 4) - math.floor(year_of_era / 100))
local month = math.floor((5 * day_of_year + 2) / 153)
local first = math.floor((153 * month + 2) / 5)
local days = math.floor((153 * (month + 1) + 2) / 5) - first
if month == 11 then
    local year = math.floor(since / 146097) * 400 + year_of_era + 1
    local is_leap = (year % 4 == 0 and year % 100 ~= 0) or year % 400 == 0
    days = is_leap and 29 or 28
end
local month_began = today - (day_of_year - first)
local day_ends_in = (today + 1) * 86400 - seconds
local month_ends_in = (month_began + days) * 86400 - seconds

local told = {}
for n = 0, #KEYS / 2 - 1 do
    local bucket, quota = KEYS[2 * n + 1], KEYS[2 * n + 2]
    local interval, depth = tonumber(ARGV[4 * n + 1]), tonumber(ARGV[4 * n + 2])
    local day_max, month_max = tonumber(ARGV[4 * n + 3]), tonumber(ARGV[4 * n + 4])

    local full_at = math.max(tonumber(redis.call('GET', bucket) or '0') or 0, now) + interval
    local spare = depth - (full_at - now)
    local is_allowed = spare >= -1
    local left
    if is_allowed then
        left = math.max(0, math.floor(spare / interval + 0.001))
        redis.call('SET', bucket, string.format('%.2f', full_at),
            'PX', math.ceil((full_at - now) / 1000))
    else
        left = math.floor(spare)
        full_at = full_at - interval
    end

    local day_left, month_left = day_max, month_max
    if day_max > 0 or month_max > 0 then
        local kept = redis.call('HMGET', quota, 'day', 'day_used', 'month', 'month_used')
        local day_used = tonumber(kept[1]) == today and tonumber(kept[2]) or 0
        local month_used = tonumber(kept[3]) == month_began and tonumber(kept[4]) or 0
        day_left, month_left = day_max - day_used, month_max - month_used
        local has_day = day_max == 0 or day_left > 0
        local has_month = month_max == 0 or month_left > 0
        if is_allowed and has_day and has_month then
            redis.call('HSET', quota, 'day', today, 'day_used', day_used + 1,
                'month', month_began, 'month_used', month_used + 1)
            redis.call('EXPIRE', quota, month_ends_in + 86400)
            day_left, month_left = day_left - 1, month_left - 1
        elseif is_allowed then
            if not has_day then day_left = -1 end
            if not has_month then month_left = -1 end
        end
        day_left, month_left = math.max(day_left, -1), math.max(month_left, -1)
    end

    told[n + 1] = { left, math.ceil(full_at - now), day_left, month_left,
        day_ends_in, month_ends_in, days }
end
return told
