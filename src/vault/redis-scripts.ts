/**
 * Every script has one key, so that a cluster can run it, and returns the server's `TIME`, so that
 * leases are measured with one clock. Scripts are sent whole once per connection and by hash later.
 */

/**
 * A document and the time, from one moment.
 *
 * KEYS: document. Returns: revision, write ids, text (each nil if absent), seconds, microseconds.
 */
export const READ = `
local document = redis.call('HMGET', KEYS[1], 'revision', 'writes', 'record')
local now = redis.call('TIME')
return {document[1], document[2], document[3], now[1], now[2]}
`

/**
 * Replaces a document whose revision is the expected one. The write id is looked for first: a write
 * that is sent twice must read 'already' also when others have written since. The newest write id
 * stands first, where \`version\` finds it.
 *
 * HSET is the first thing written, and by \`pcall\`: when the server refuses it (out of memory, not
 * enough replicas, read only) its own error is the answer, and nothing was changed.
 *
 * `WAIT` waits for the last write of its connection, and `already` is none: the first sending may have
 * been made by another connection, or be unknown to the replicas. So before a `WAIT` the document is
 * touched: a field gets the value it has, which changes nothing and goes to the replicas after the write.
 *
 * KEYS: document. ARGV: expected revision, text, write id, expected version or '' for any, lifetime in ms
 * or '' for ever, 'wait' when `WAIT` comes next.
 * Returns: 'won', 'already' or 'lost', seconds, microseconds, 1 if this call has written or touched.
 */
export const COMPARE_AND_SET = `
local known = redis.call('HMGET', KEYS[1], 'revision', 'writes')
local now = redis.call('TIME')
local writes = known[2] or ''
if string.find(' ' .. writes .. ' ', ' ' .. ARGV[3] .. ' ', 1, true) then
  local touched = 0
  if ARGV[6] == 'wait' then
    local touch = redis.pcall('HSET', KEYS[1], 'writes', writes)
    if type(touch) ~= 'table' or not touch.err then touched = 1 end
  end
  return {'already', now[1], now[2], touched}
end
if (known[1] or '0') ~= ARGV[1] then
  return {'lost', now[1], now[2], 0}
end
if ARGV[4] ~= '' and string.match(writes, '^%S*') ~= ARGV[4] then
  return {'lost', now[1], now[2], 0}
end
local kept = ARGV[3]
local count = 1
for id in string.gmatch(writes, '%S+') do
  if count == 8 then break end
  kept = kept .. ' ' .. id
  count = count + 1
end
local revision = string.format('%.0f', ARGV[1] + 1)
local set = redis.pcall('HSET', KEYS[1], 'revision', revision, 'writes', kept, 'record', ARGV[2])
if type(set) == 'table' and set.err then
  return set
end
if ARGV[5] == '' then
  redis.call('PERSIST', KEYS[1])
else
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
end
return {'won', now[1], now[2], 1}
`

/**
 * Replaces a reference that has the expected value; '' stands for "not there" on both sides. One that
 * has the wanted value already counts as replaced, because a lost reply makes the client send twice.
 *
 * KEYS: reference. ARGV: expected value, wanted value. Returns: 1 or 0.
 */
export const SET_REFERENCE = `
local current = redis.call('GET', KEYS[1]) or ''
if current == ARGV[2] then return 1 end
if current ~= ARGV[1] then return 0 end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2])
end
return 1
`
