import { describe, expect, it } from '@jest/globals'
import { STORE_WAIVERS } from '../../../src/config/settings.ts'
import { SETTING_PATHS, settingVariable } from '../../../src/config/settings-spec.ts'
import { STORE_RISKS } from '../../../src/vault/store.ts'
import { DEFAULTS, load, placesOf, problemsOf } from './valid-config.ts'

const own = (settings: unknown) => ({ 'config/default.json': JSON.stringify(settings) })

/** 0 means none, or no limit. */
const hasZero = (path: string) =>
  path === 'store.replicas' || (path.startsWith('limits.') && path !== 'limits.window')

describe('settings', () => {
  it('holds durations in ms and sizes in bytes', () => {
    expect(load().settings).toEqual({
      connectSession: { lifetimeMs: 600_000, completeWithinMs: 240_000, retentionMs: 86_400_000 },
      idempotency: { retentionMs: 86_400_000, claimMs: 30_000 },
      upstream: { timeoutMs: 5000, responseLimitBytes: 65_536, allowedAddresses: [] },
      proxy: {
        idleMs: 30_000,
        totalMs: 1_800_000,
        requestLimitBytes: 134_217_728,
        responseLimitBytes: 2_147_483_648,
      },
      refresh: {
        leaseMs: 12_000,
        commitBudgetMs: 5000,
        backoffMinMs: 500,
        backoffMaxMs: 60_000,
        pollMs: 100,
      },
      breaker: { threshold: 3, windowMs: 60_000, probeIntervalMs: 2000 },
      knoxToken: {
        defaultMinTtlMs: 60_000,
        marginMs: 30_000,
        localCacheMs: 1000,
        rejectedIntervalMs: 60_000,
      },
      store: {
        timeoutMs: 1000,
        requestBudgetMs: 1800,
        tombstoneMs: 2_592_000_000,
        replicas: 0,
        replicaTimeoutMs: 500,
        requireDurable: true,
        waive: [],
      },
      audit: {
        required: true,
        retentionMs: 7_776_000_000,
        maxEntries: 1_000_000,
        handOutWindowMs: 600_000,
      },
      http: {
        bodyLimitBytes: 16_384,
        urlLimitBytes: 4096,
        drainTimeoutMs: 20_000,
        pageLimit: 100,
        trustedProxies: [],
      },
      limits: {
        windowMs: 10_000,
        perKey: 10_000,
        perConnection: 5000,
        perAddress: 20_000,
        pagesPerAddress: 3000,
        failedAuthentication: 60,
        mintsPerConnection: 60,
        concurrentRequests: 4000,
        concurrentRequestsPerPortal: 2000,
        concurrentRequestsUnproven: 1000,
      },
    })
  })

  it('lets CONFIG_DIR/default.json override the packaged file, and a variable override both', () => {
    const files = own({ refresh: { poll: '200ms', lease: '20s' } })

    const { refresh } = load({ files, env: { KNOXGATE_REFRESH_LEASE: '30s' } }).settings

    expect(refresh).toMatchObject({ pollMs: 200, leaseMs: 30_000, commitBudgetMs: 5000 })
  })

  it.each(SETTING_PATHS.filter((path) => !hasZero(path)))(
    'refuses zero for %s, from the file and from the variable',
    (path) => {
      const [section = '', name = ''] = path.split('.')
      const variable = settingVariable(path)

      expect(placesOf({ files: own({ [section]: { [name]: '0' } }) })).toEqual([
        `config/default.json ${path}`,
      ])
      expect(placesOf({ env: { [variable]: '0s' } })).toEqual([variable])
    },
  )

  it.each([
    ['KNOXGATE_CONNECT_SESSION_LIFETIME', '10m', '601s'],
    ['KNOXGATE_KNOX_TOKEN_LOCAL_CACHE', '1s', '1001ms'],
    ['KNOXGATE_UPSTREAM_RESPONSE_LIMIT', '64kb', '65537'],
    ['KNOXGATE_HTTP_PAGE_LIMIT', '1', '1.5'],
    ['KNOXGATE_REFRESH_LEASE', '10001ms', '10s'],
    ['KNOXGATE_REFRESH_BACKOFF_MIN', '60s', '60001ms'],
    ['KNOXGATE_BREAKER_THRESHOLD', '1', '1.5'],
    ['KNOXGATE_BREAKER_THRESHOLD', '20', '21'],
    ['KNOXGATE_BREAKER_PROBE_INTERVAL', '5m', '301s'],
    ['KNOXGATE_STORE_REPLICAS', '0', '-1'],
    ['KNOXGATE_STORE_REPLICAS', '5', '6'],
    ['KNOXGATE_LIMITS_WINDOW', '1s', '999ms'],
    ['KNOXGATE_LIMITS_WINDOW', '1h', '3601s'],
    ['KNOXGATE_LIMITS_PER_KEY', '0', '-1'],
    ['KNOXGATE_LIMITS_PER_KEY', '100000000', '100000001'],
    ['KNOXGATE_LIMITS_FAILED_AUTHENTICATION', '1', '1.5'],
    ['KNOXGATE_LIMITS_CONCURRENT_REQUESTS_PER_PORTAL', '4000', '4001'],
    ['KNOXGATE_LIMITS_CONCURRENT_REQUESTS_UNPROVEN', '4000', '4001'],
    ['KNOXGATE_STORE_REQUIRE_DURABLE', 'true', 'yes'],
    ['KNOXGATE_STORE_REQUIRE_DURABLE', 'false', 'False'],
    ['KNOXGATE_STORE_WAIVE', 'persistence,eviction', 'persistence;eviction'],
    ['KNOXGATE_STORE_WAIVE', 'none', 'everything'],
    ['KNOXGATE_STORE_WAIVE', 'eviction', 'eviction,eviction'],
    ['KNOXGATE_STORE_WAIVE', 'eviction', 'eviction,'],
    ['KNOXGATE_HTTP_TRUSTED_PROXIES', '10.0.0.0/8,2001:db8::/32', '10.0.0.0/8, 2001:db8::/32'],
    ['KNOXGATE_HTTP_TRUSTED_PROXIES', 'none', 'true'],
    ['KNOXGATE_HTTP_TRUSTED_PROXIES', '192.0.2.7', '::ffff:10.0.0.0/104'],
    ['KNOXGATE_HTTP_TRUSTED_PROXIES', '0.0.0.0/1', '0.0.0.0/0'],
    ['KNOXGATE_HTTP_TRUSTED_PROXIES', '::/1', '::/0'],
  ])('accepts %s=%s and refuses %s', (variable, most, tooMuch) => {
    expect(placesOf({ env: { [variable]: most } })).toEqual([])
    expect(placesOf({ env: { [variable]: tooMuch } })).toEqual([variable])
  })

  it('tells a lease that another setting made too short at the lease', () => {
    expect(problemsOf({ env: { KNOXGATE_UPSTREAM_TIMEOUT: '7s' } })).toEqual([
      {
        source: 'config/default.json',
        field: 'refresh.lease',
        rule: 'must be longer than upstream.timeout and refresh.commit_budget together',
      },
    ])
  })

  it.each([
    [{ replicas: 1, replica_timeout: '999ms' }, []],
    [{ replicas: 1, replica_timeout: '1s' }, ['config/default.json store.replica_timeout']],
    [{ replicas: 1, timeout: '500ms' }, ['config/default.json store.replica_timeout']],
    [{ replicas: 0, timeout: '500ms' }, []],
  ])('lets nothing wait for replicas longer than a call may take: %j', (store, places) => {
    expect(placesOf({ files: own({ store }) })).toEqual(places)
  })

  it.each([
    [{ concurrent_requests: 2000 }, []],
    [{ concurrent_requests: 1999 }, ['config/default.json limits.concurrent_requests_per_portal']],
    [{ concurrent_requests: 0 }, []],
    [{ concurrent_requests: 0, concurrent_requests_per_portal: 100_000 }, []],
  ])('gives no part more than there is: %j', (limits, places) => {
    expect(placesOf({ files: own({ limits }) })).toEqual(places)
  })

  it.each([
    [{ request_budget: '1s' }, []],
    [{ request_budget: '999ms' }, ['config/default.json store.request_budget']],
    [{ timeout: '2s' }, ['config/default.json store.request_budget']],
  ])('gives a request time for at least one call: %j', (store, places) => {
    expect(placesOf({ files: own({ store }) })).toEqual(places)
  })

  it.each([
    [{ claim: '1801ms' }, []],
    [{ claim: '1800ms' }, ['config/default.json idempotency.claim']],
  ])('lets no claim end while its request may be at work: %j', (idempotency, places) => {
    expect(placesOf({ files: own({ idempotency }) })).toEqual(places)
  })

  it('reads what is waived from a list or from text, in an order of its own', () => {
    const waivedBy = (waive: unknown) => load({ files: own({ store: { waive } }) }).settings.store

    expect(waivedBy(['replicas', 'eviction'])).toMatchObject({ waive: ['eviction', 'replicas'] })
    expect(waivedBy('replicas,eviction')).toMatchObject({ waive: ['eviction', 'replicas'] })
    expect(placesOf({ files: own({ store: { waive: ['eviction', 1] } }) })).toEqual([
      'config/default.json store.waive',
    ])
  })

  it('can waive every risk of the store, and no other', () => {
    expect(STORE_WAIVERS).toEqual(STORE_RISKS)
  })

  it('does not judge the lease by a value that is itself wrong', () => {
    const env = { KNOXGATE_REFRESH_LEASE: '30 seconds', KNOXGATE_UPSTREAM_TIMEOUT: '20s' }

    expect(placesOf({ env })).toEqual(['KNOXGATE_REFRESH_LEASE'])
  })

  it.each([
    [{ refresh: { leese: '12s' } }, 'config/default.json refresh.leese'],
    [{ refesh: { lease: '12s' } }, 'config/default.json refesh'],
    [{ refresh: '12s' }, 'config/default.json refresh'],
    [{ lease: '12s' }, 'config/default.json lease'],
    [{ refresh: { lease: 12_000 } }, 'config/default.json refresh.lease'],
    [{ 's3cret-name': {} }, 'config/default.json'],
    [{ refresh: { 's3cret-name': '1s' } }, 'config/default.json refresh'],
    [[], 'config/default.json'],
  ])('refuses %j', (settings, place) => {
    expect(placesOf({ files: own(settings) })).toEqual([place])
  })

  it('names each setting that the packaged file has lost', () => {
    const { http: _, ...rest } = DEFAULTS

    expect(placesOf({ files: { '/packaged/default.json': JSON.stringify(rest) } })).toEqual([
      'config/default.json http.body_limit',
      'config/default.json http.url_limit',
      'config/default.json http.drain_timeout',
      'config/default.json http.page_limit',
      'config/default.json http.trusted_proxies',
    ])
  })
})
