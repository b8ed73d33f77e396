// The reverse proxies that the tests know, and what each does in its own way.

import { apache, HAPROXY, LIGHTTPD, NGINX, type ProxyProgram } from '../../support/servers/proxies.js';

export interface Front {
  readonly name: string;
  readonly program: ProxyProgram;
  /** The name of its block in docs/how-to/proxies.md. */
  readonly configuration: string;
  /** With which status it answers where the server behind it is gone. */
  readonly statusIfGone: number;
  /** Whether requests for pages reach the server too. */
  readonly passesPages: boolean;
  /** Whether it cuts a silent connection at all. */
  readonly cutsIdle: boolean;
  /** Whether messages of the server alone, with nothing of the client's between, are enough for it not to be idle. */
  readonly isKeptByServer: boolean;
}

export const FRONTS: readonly Front[] = [
  {
    name: 'nginx',
    program: NGINX,
    configuration: 'nginx',
    statusIfGone: 502,
    passesPages: true,
    cutsIdle: true,
    isKeptByServer: true,
  },
  {
    name: 'Apache, mod_proxy_http',
    program: apache('Apache', 'proxy_http'),
    configuration: 'apache',
    statusIfGone: 503,
    passesPages: true,
    cutsIdle: true,
    isKeptByServer: true,
  },
  {
    name: 'Apache, mod_proxy_wstunnel',
    program: apache('Apache', 'proxy_wstunnel'),
    configuration: 'apache-wstunnel',
    statusIfGone: 503,
    passesPages: false,
    cutsIdle: false,
    isKeptByServer: true,
  },
  {
    name: 'lighttpd',
    program: LIGHTTPD,
    configuration: 'lighttpd',
    statusIfGone: 503,
    passesPages: true,
    cutsIdle: true,
    isKeptByServer: false,
  },
  {
    name: 'HAProxy',
    program: HAPROXY,
    configuration: 'haproxy',
    statusIfGone: 503,
    passesPages: true,
    cutsIdle: true,
    isKeptByServer: true,
  },
];
