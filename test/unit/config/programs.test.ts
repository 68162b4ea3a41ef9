import { describe, expect, it } from '@jest/globals'
import {
  accountOf,
  ENV,
  knox,
  load,
  msp,
  newKeysJson,
  placesOf,
  problemsOf,
  program,
  samsungAccount,
} from './valid-config.ts'

const FILE = 'config/programs.json'

/** Problems of one program. */
const problems = (changes: Readonly<Record<string, unknown>>) =>
  problemsOf({ programs: [program(changes)], portals: [] })

describe('programs.json', () => {
  it('fills in what a program need not say', () => {
    const [read] = load().programs

    expect(read).toMatchObject({
      id: 'emm-eu',
      kind: 'samsung-account',
      region: 'eu',
      allowLegacyRsa: false,
      samsungAccount: {
        responseType: 'CODE',
        authorizeParams: {},
        rotation: 'unknown',
        rotationGraceMs: 0,
        reuseRevokes: true,
      },
      knox: {
        baseUrl: 'https://eu-kcs-api.samsungknox.com',
        publicKeyFormat: 'spki',
        verifyPath: '/kcs/v1/kme/profiles/list?pageNum=0&pageSize=1',
        trustErrorCodes: ['40300000', '4030100'],
      },
    })
    expect(read?.knox).not.toHaveProperty('validityMinutes')
    expect(accountOf(read)).not.toHaveProperty('partnerId')
  })

  it('takes everything that a program can say', () => {
    const [read] = load({
      programs: [
        program({
          allow_legacy_rsa: true,
          samsung_account: samsungAccount({
            client_id: { env: 'EMM_EU_CLIENT_ID' },
            response_type: 'code',
            partner_id: '1234567890',
            authorize_params: { country_code: 'DE' },
            rotation: 'rotate',
            rotation_grace: '30s',
            reuse_revokes: false,
          }),
          knox: knox({
            validity_minutes: 1,
            public_key_format: 'verbatim',
            verify_path: '/cheap',
            trust_error_codes: [],
          }),
        }),
      ],
      env: { EMM_EU_CLIENT_ID: 'acme0emm0eu' },
    }).programs

    expect(read).toMatchObject({
      allowLegacyRsa: true,
      samsungAccount: {
        clientId: 'acme0emm0eu',
        responseType: 'code',
        partnerId: '1234567890',
        authorizeParams: { country_code: 'DE' },
        rotation: 'rotate',
        rotationGraceMs: 30_000,
        reuseRevokes: false,
      },
      knox: {
        validityMinutes: 1,
        publicKeyFormat: 'verbatim',
        verifyPath: '/cheap',
        trustErrorCodes: [],
      },
    })
    expect(read?.clientIdentifier.reveal()).toBe(ENV.EMM_EU_CLIENT_IDENTIFIER)
    expect(accountOf(read)?.clientSecret.reveal()).toBe(ENV.EMM_EU_SA_SECRET)
  })

  it.each([
    ['does not exist', undefined, 'does not exist'],
    ['cannot be read', 'unreadable', 'cannot be read'],
    ['lacks a comma', '[\n  {"id": "s3cret" "kind"}]', /^is not valid JSON \(line 2 column 19\)$/],
    ['lacks a quote', '[\n  {"id": s3cret}]', /^is not valid JSON$/],
    ['ends too early', '[{', /^is not valid JSON \(line 1 column 3\)$/],
    ['is empty', '', /^is not valid JSON$/],
    ['holds no array', '{"id": "emm-eu"}', 'must be a JSON array'],
  ])('says so, once, when the file %s', (_, file, rule) => {
    const found = problemsOf({ files: { [FILE]: file } })

    expect(found).toEqual([
      expect.objectContaining({ source: FILE, rule: expect.stringMatching(rule) }),
    ])
  })

  it('takes a file with a byte order mark', () => {
    const files = { [FILE]: `\uFEFF${JSON.stringify([program()])}` }

    expect(placesOf({ files })).toEqual([])
  })

  it.each(['knox-msp', 'knox-customer'])('takes a program of kind %s', (kind) => {
    const [read] = load({ programs: [msp({ kind })], portals: [] }).programs

    expect(read).toMatchObject({
      id: 'msp-eu',
      kind,
      region: 'eu',
      allowLegacyRsa: false,
      knox: {
        baseUrl: 'https://eu-kcs-api.samsungknox.com',
        accessTokenPath: '/ams/v1/users/accesstoken',
        publicKeyFormat: 'spki',
        verifyPath: '/kcs/v1/kme/profiles/list?pageNum=0&pageSize=1',
        trustErrorCodes: ['40300000', '4030100', '4002113'],
      },
    })
    expect(read?.knox).not.toHaveProperty('validityMinutes')
    expect(read?.keysFile).toBe('config/keys/emm-eu.json')
  })

  it.each([1, 30])('takes a validity of %s minutes for a program without consent', (minutes) => {
    const knox = { ...msp().knox, validity_minutes: minutes }

    const [read] = load({ programs: [msp({ knox })], portals: [] }).programs

    expect(read?.knox.validityMinutes).toBe(minutes)
  })

  it.each([
    [{ knox: { ...msp().knox, validity_minutes: 0 } }, 'knox.validity_minutes'],
    [{ knox: { ...msp().knox, validity_minutes: 31 } }, 'knox.validity_minutes'],
    [{ knox: { ...msp().knox, idp_token_claim: 'x' } }, 'knox.idp_token_claim'],
    [{ knox: { base_url: msp().knox.base_url } }, 'knox.access_token_path'],
    [{ samsung_account: samsungAccount() }, 'samsung_account'],
    [{ next_client_identifier: { env: 'EMM_EU_CLIENT_IDENTIFIER' } }, 'next_client_identifier'],
  ])('refuses of a provider %j', (changes, field) => {
    const found = problemsOf({ programs: [msp(changes)], portals: [] })

    expect(found.map((one) => one.field)).toEqual([`[0].${field}`])
  })

  it.each(['knox-oauth2'])('says of kind %s only that this version does not support it', (kind) => {
    const found = problemsOf({ programs: [program(), { id: 'later', kind, oauth: {} }] })

    expect(found).toEqual([
      {
        source: FILE,
        field: '[1].kind',
        rule: `kind ${kind} is not supported by this version`,
        example: 'samsung-account',
      },
    ])
  })

  it.each([
    [{ id: 'Emm-EU' }, 'id'],
    [{ id: 'e'.repeat(64) }, 'id'],
    [{ kind: 'samsung' }, 'kind'],
    [{ kind: undefined }, 'kind'],
    [{ region: 'EU west' }, 'region'],
    [{ allow_legacy_rsa: 'yes' }, 'allow_legacy_rsa'],
    [{ colour: 'blue' }, 'colour'],
    [{ samsung_account: undefined }, 'samsung_account'],
    [{ samsung_account: [] }, 'samsung_account'],
    [{ knox: 'eu' }, 'knox'],
  ])('refuses a program with %j', (changes, field) => {
    expect(problems(changes)).toEqual([expect.objectContaining({ field: `[0].${field}` })])
  })

  it.each([
    [{ authorize_url: 'http://account.samsung.com/signInGate' }, 'authorize_url'],
    [{ authorize_url: 'https://account.samsung.com/?state=x' }, 'authorize_url'],
    [{ token_url: 'http://eu-auth2.samsungosp.com/token' }, 'token_url'],
    [{ token_url: 'https://user@eu-auth2.samsungosp.com/token' }, 'token_url'],
    [{ client_id: '' }, 'client_id'],
    [{ client_id: 7 }, 'client_id'],
    [{ response_type: 'token' }, 'response_type'],
    [{ partner_id: '' }, 'partner_id'],
    [{ authorize_params: { State: 'x' } }, 'authorize_params'],
    [{ authorize_params: { redirect_uri: 'x' } }, 'authorize_params'],
    [{ authorize_params: { prompt: true } }, 'authorize_params'],
    [{ authorize_params: ['prompt'] }, 'authorize_params'],
    [{ rotation: 'always' }, 'rotation'],
    [{ rotation: 'rotate', rotation_grace: 30 }, 'rotation_grace'],
    [{ rotation: 'rotate', rotation_grace: '30' }, 'rotation_grace'],
    [{ rotation: 'rotate', rotation_grace: '0s' }, 'rotation_grace'],
    [{ rotation: 'rotate', rotation_grace: '86400001ms' }, 'rotation_grace'],
    [{ rotation: 'rotate', rotation_grace: null }, 'rotation_grace'],
    [{ reuse_revokes: 'no' }, 'reuse_revokes'],
    [{ scope: 'x' }, 'scope'],
  ])('refuses samsung_account with %j', (changes, field) => {
    const found = problems({ samsung_account: samsungAccount(changes) })

    expect(found).toEqual([expect.objectContaining({ field: `[0].samsung_account.${field}` })])
  })

  it.each([
    ['1ms', 1],
    ['24h', 86_400_000],
  ])('takes a grace period of %s', (rotation_grace, ms) => {
    const changed = samsungAccount({ rotation: 'rotate', rotation_grace })

    const [read] = load({ programs: [program({ samsung_account: changed })] }).programs

    expect(accountOf(read)?.rotationGraceMs).toBe(ms)
  })

  it.each(['none', 'unknown', undefined])(
    'refuses a grace period where tokens are not known to be replaced (rotation: %s)',
    (rotation) => {
      const found = problems({
        samsung_account: samsungAccount({ rotation, rotation_grace: '30s' }),
      })

      expect(found).toEqual([
        expect.objectContaining({
          field: '[0].samsung_account.rotation_grace',
          rule: 'must not be set unless rotation is rotate',
        }),
      ])
    },
  )

  it.each(['none', 'rotate', 'unknown'])(
    'takes what reuse costs with any rotation (%s)',
    (rotation) => {
      const account = samsungAccount({ rotation, reuse_revokes: false })

      const [read] = load({ programs: [program({ samsung_account: account })] }).programs

      expect(accountOf(read)).toMatchObject({ rotation, reuseRevokes: false })
    },
  )

  it.each([
    [{ base_url: 'https://eu-kcs-api.samsungknox.com/kcs' }, 'base_url'],
    [{ base_url: 'http://eu-kcs-api.samsungknox.com' }, 'base_url'],
    [{ access_token_path: undefined }, 'access_token_path'],
    [{ access_token_path: 'ams/v1' }, 'access_token_path'],
    [{ access_token_path: '//evil.example/x' }, 'access_token_path'],
    [{ idp_token_claim: undefined }, 'idp_token_claim'],
    [{ idp_token_claim: 'exp' }, 'idp_token_claim'],
    [{ validity_minutes: 0 }, 'validity_minutes'],
    [{ validity_minutes: 31 }, 'validity_minutes'],
    [{ validity_minutes: 1.5 }, 'validity_minutes'],
    [{ validity_minutes: '30' }, 'validity_minutes'],
    [{ validity_minutes: null }, 'validity_minutes'],
    [{ public_key_format: 'pem' }, 'public_key_format'],
    [{ verify_path: '' }, 'verify_path'],
    [{ trust_error_codes: '40300000' }, 'trust_error_codes'],
    [{ trust_error_codes: ['4030100', '4030100'] }, 'trust_error_codes'],
    [{ trust_error_codes: [4030100] }, 'trust_error_codes[0]'],
  ])('refuses knox with %j', (changes, field) => {
    const found = problems({ knox: knox(changes) })

    expect(found).toEqual([expect.objectContaining({ field: `[0].knox.${field}` })])
  })

  it('accepts http on loopback in strict mode, and anywhere in development', () => {
    const urls = (host: string) =>
      program({
        samsung_account: samsungAccount({
          authorize_url: `http://${host}/signInGate`,
          token_url: `http://${host}/token`,
        }),
        knox: knox({ base_url: `http://${host}` }),
      })

    expect(placesOf({ programs: [urls('127.0.0.1:4000')] })).toEqual([])
    expect(placesOf({ programs: [urls('sandbox:4000')] })).toHaveLength(3)
    expect(
      placesOf({ programs: [urls('sandbox:4000')], env: { KNOXGATE_MODE: 'development' } }),
    ).toEqual([])
  })

  it('refuses an id that an earlier program has', () => {
    const other = program({ id: 'emm-us' })

    expect(placesOf({ programs: [program(), other, program()] })).toEqual([`${FILE} [2].id`])
  })

  it('accepts no program at all, with a warning', () => {
    const { programs, warnings } = load({ programs: [], portals: [] })

    expect(programs).toEqual([])
    expect(warnings).toHaveLength(2)
  })
})

describe('a second Client Identifier', () => {
  const NEXT = { next_client_identifier: { env: 'EMM_EU_NEXT' } }
  const withNext = (value: string) => ({
    programs: [program(NEXT)],
    env: { EMM_EU_NEXT: value },
  })

  it('is read beside the first', () => {
    const [read] = load(withNext('eyJ.the-next.one')).programs

    expect(read?.clientIdentifier.reveal()).toBe(ENV.EMM_EU_CLIENT_IDENTIFIER)
    expect(read?.nextClientIdentifier?.reveal()).toBe('eyJ.the-next.one')
    expect(load().programs[0]).not.toHaveProperty('nextClientIdentifier')
  })

  it('must be another one', () => {
    expect(problemsOf(withNext(ENV.EMM_EU_CLIENT_IDENTIFIER))).toEqual([
      {
        source: FILE,
        field: '[0].next_client_identifier',
        rule: 'must not be the same as client_identifier',
      },
    ])
  })

  it('is a reference, as the first, and its absence is no second problem', () => {
    expect(problems({ next_client_identifier: 'eyJ.in.clear' })).toEqual([
      expect.objectContaining({ field: '[0].next_client_identifier' }),
    ])
    expect(problems({ client_identifier: undefined, ...NEXT }).map(({ field }) => field)).toEqual([
      '[0].client_identifier',
      '[0].next_client_identifier',
    ])
  })
})

describe('one key pair for two programs', () => {
  const twoRegions = [program(), program({ id: 'emm-us', region: 'us' })]

  it('is refused in strict mode when the regions differ', () => {
    expect(placesOf({ programs: twoRegions })).toEqual([`${FILE} [1].keys`])
  })

  it('is a warning in development', () => {
    const env = { KNOXGATE_MODE: 'development' }

    expect(load({ programs: twoRegions, env }).warnings).toEqual([
      expect.stringContaining(`${FILE} [1].keys: `),
    ])
  })

  it('is in order within a region', () => {
    expect(placesOf({ programs: [program(), program({ id: 'emm-eu-2' })] })).toEqual([])
  })

  it('is not suspected where the pairs differ', () => {
    const files = { 'config/keys/emm-us.json': newKeysJson() }
    const other = program({ id: 'emm-us', region: 'us', keys: { file: 'keys/emm-us.json' } })

    expect(placesOf({ programs: [program(), other], files })).toEqual([])
  })
})
