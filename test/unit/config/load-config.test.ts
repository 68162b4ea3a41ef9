import { describe, expect, it } from '@jest/globals'
import { ConfigError } from '../../../src/config/problems.ts'
import {
  ENV,
  KEYS_JSON,
  knox,
  load,
  placesOf,
  portal,
  problemsOf,
  program,
  samsungAccount,
} from './valid-config.ts'

describe('loadConfig', () => {
  it('returns the process variables, typed, with their defaults', () => {
    const config = load()

    expect(config).toMatchObject({
      mode: 'strict',
      publicUrl: 'https://connect.example.com',
      host: '127.0.0.1',
      port: 8080,
      adminPort: 9090,
      logLevel: 'info',
      warnings: [],
    })
    expect(config.redisUrl.reveal()).toBe(ENV.REDIS_URL)
    expect(config.apiKeyPepper.reveal()).toBe(ENV.API_KEY_PEPPER)
    expect(config.adminToken.reveal()).toBe(ENV.ADMIN_TOKEN)
    expect(config.vaultKeys.map(({ kid, key }) => `${kid}:${key.reveal()}`)).toEqual([
      ENV.VAULT_KEYS,
    ])
  })

  it('returns everything frozen, down to the last list', () => {
    const config = load()

    expect(Object.isFrozen(config)).toBe(true)
    expect(Object.isFrozen(config.settings.refresh)).toBe(true)
    expect(Object.isFrozen(config.programs[0]?.knox.trustErrorCodes)).toBe(true)
    expect(Object.isFrozen(config.portals[0]?.apiKeys[0]?.scopes)).toBe(true)
  })

  it('names every problem of every source at once', () => {
    const places = placesOf({
      env: {
        PUBLIC_URL: undefined,
        PORT: 'http',
        VAULT_KEYS: undefined,
        KNOXGATE_REFRESH_LEASE: 'soon',
        EMM_EU_SA_SECRET: undefined,
      },
      programs: [
        program({
          region: 7,
          keys: { file: 'keys/nowhere.json' },
          samsung_account: samsungAccount({ token_url: 'eu-auth2.samsungosp.com' }),
          knox: knox({ idp_token_claim: undefined, speed: 'high' }),
        }),
      ],
      portals: [portal({ programs: ['emm-us'], return_urls: [] })],
    })

    expect(places.toSorted()).toEqual(
      [
        'KNOXGATE_REFRESH_LEASE',
        'PORT',
        'PUBLIC_URL',
        'VAULT_KEYS',
        'config/portals.json [0].programs[0]',
        'config/portals.json [0].return_urls',
        'config/programs.json [0].keys',
        'config/programs.json [0].knox.idp_token_claim',
        'config/programs.json [0].knox.speed',
        'config/programs.json [0].region',
        'config/programs.json [0].samsung_account.client_secret',
        'config/programs.json [0].samsung_account.token_url',
      ].toSorted(),
    )
  })

  it('prints one line per problem with source, field, rule and example', () => {
    const attempt = () =>
      load({ env: { ADMIN_PORT: '-1' }, programs: [program({ knox: knox({ base_url: '' }) })] })

    expect(attempt).toThrow(ConfigError)
    expect(attempt).toThrow(
      [
        'configuration is not valid: 2 problems',
        '  ADMIN_PORT: must be a port from 1 to 65535, or 0 for any free one (example: 9090)',
        '  config/programs.json [0].knox.base_url: must be an https origin: scheme, host and port, no path (http on loopback only) (example: https://eu-kcs-api.samsungknox.com)',
      ].join('\n'),
    )
  })

  it('refuses to start with the check of certificates switched off, in either mode', () => {
    const switchedOff = { NODE_TLS_REJECT_UNAUTHORIZED: '0' }

    expect(placesOf({ env: switchedOff })).toEqual(['NODE_TLS_REJECT_UNAUTHORIZED'])
    expect(placesOf({ env: { ...switchedOff, KNOXGATE_MODE: 'development' } })).toEqual([
      'NODE_TLS_REJECT_UNAUTHORIZED',
    ])
    expect(placesOf({ env: { NODE_TLS_REJECT_UNAUTHORIZED: '1' } })).toEqual([])
  })

  it('refuses one port for both listeners, unless the system chooses', () => {
    expect(placesOf({ env: { PORT: '9090' } })).toEqual(['ADMIN_PORT'])
    expect(placesOf({ env: { PORT: '0', ADMIN_PORT: '0' } })).toEqual([])
  })

  it('refuses a KNOXGATE_ variable that it does not know, and no other', () => {
    const [problem, ...others] = problemsOf({
      env: {
        KNOXGATE_REFRESH_LEASES: '12s',
        KNOXGATE_MODE: 'strict',
        KNOXGATE_API_KEY: 'kg_of-a-caller',
        REFRESH_LEASE: '1s',
      },
    })

    expect(problem?.source).toBe('KNOXGATE_REFRESH_LEASES')
    expect(others).toEqual([])
  })

  it('reads the files below CONFIG_DIR', () => {
    const files = {
      '/etc/knoxgate/programs.json': JSON.stringify([program({ id: 'elsewhere' })]),
      '/etc/knoxgate/portals.json': JSON.stringify([portal({ programs: ['elsewhere'] })]),
      '/etc/knoxgate/keys/emm-eu.json': KEYS_JSON,
    }

    const config = load({ env: { CONFIG_DIR: '/etc/knoxgate' }, files })

    expect(config.programs.map(({ id }) => id)).toEqual(['elsewhere'])
  })
})
