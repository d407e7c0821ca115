// A yaml-language-server of its own, spoken to over stdio as an editor does: open a text, ask what it says.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface EditorDiagnostic {
  readonly message: string;
  readonly range: { readonly start: Spot; readonly end: Spot };
}

interface Spot {
  readonly line: number;
  readonly character: number;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: unknown;
}

const settings = { validate: true, hover: true, completion: true, schemaStore: { enable: false } };

export class LanguageServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #replies = new Map<number, (result: unknown) => void>();
  readonly #diagnosed = new Map<string, (diagnostics: EditorDiagnostic[]) => void>();
  readonly #schema: string;
  #unread = Buffer.alloc(0);
  #ids = 0;
  #files = 0;

  private constructor(schema: string) {
    this.#schema = schema;
    const program = fileURLToPath(
      new URL('../../node_modules/yaml-language-server/bin/yaml-language-server', import.meta.url),
    );
    this.#child = spawn(process.execPath, [program, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout?.on('data', (bytes: Buffer) => this.#read(bytes));
  }

  /** `schema` is the URL of the schema that every text is held against. */
  static async start(schema: string): Promise<LanguageServer> {
    const server = new LanguageServer(schema);
    const capabilities = {
      workspace: { configuration: true },
      textDocument: { completion: { completionItem: { snippetSupport: true, documentationFormat: ['markdown'] } } },
    };
    await server.#ask('initialize', { processId: process.pid, rootUri: null, capabilities });
    server.#send({ method: 'initialized', params: {} });
    server.#send({ method: 'workspace/didChangeConfiguration', params: { settings: { yaml: settings } } });
    return server;
  }

  async diagnose(text: string): Promise<EditorDiagnostic[]> {
    const { uri, full } = this.#document(text);
    const diagnosed = new Promise<EditorDiagnostic[]>((resolve) => this.#diagnosed.set(uri, resolve));
    this.#open(uri, full);
    return diagnosed;
  }

  /** What the hover shows at `|` in the text. */
  async hover(text: string): Promise<string> {
    const { uri, full, position } = this.#document(text);
    this.#open(uri, full);
    const answer = (await this.#ask('textDocument/hover', { textDocument: { uri }, position })) as {
      contents: { value: string };
    } | null;
    return answer?.contents.value ?? '';
  }

  /** The labels that are offered at `|` in the text. */
  async complete(text: string): Promise<string[]> {
    const { uri, full, position } = this.#document(text);
    this.#open(uri, full);
    const answer = (await this.#ask('textDocument/completion', { textDocument: { uri }, position })) as {
      items: { label: string }[];
    };
    return answer.items.map(({ label }) => label);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }

  #document(text: string): { uri: string; full: string; position: Spot } {
    const marked = `# yaml-language-server: $schema=${this.#schema}\n${text}`;
    const at = marked.indexOf('|');
    const before = marked.slice(0, at).split('\n');
    this.#files += 1;
    return {
      uri: `file:///pipelines/${this.#files}.pipeline.yaml`,
      full: at === -1 ? marked : marked.slice(0, at) + marked.slice(at + 1),
      position: { line: before.length - 1, character: before.at(-1)?.length ?? 0 },
    };
  }

  #open(uri: string, text: string): void {
    this.#send({
      method: 'textDocument/didOpen',
      params: { textDocument: { uri, languageId: 'yaml', version: 1, text } },
    });
  }

  #ask(method: string, params: Record<string, unknown>): Promise<unknown> {
    this.#ids += 1;
    const id = this.#ids;
    const reply = new Promise((resolve) => this.#replies.set(id, resolve));
    this.#send({ id, method, params });
    return reply;
  }

  #send(message: Message): void {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.#child.stdin?.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #read(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    for (;;) {
      const head = this.#unread.indexOf('\r\n\r\n');
      if (head === -1) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.#unread.toString('latin1', 0, head))?.[1]);
      if (this.#unread.length < head + 4 + length) return;
      const body = this.#unread.toString('utf8', head + 4, head + 4 + length);
      this.#unread = this.#unread.subarray(head + 4 + length);
      this.#take(JSON.parse(body) as Message);
    }
  }

  #take({ id, method, params, result }: Message): void {
    if (method === undefined) {
      this.#replies.get(id as number)?.(result);
    } else if (method === 'textDocument/publishDiagnostics') {
      const { uri, diagnostics } = params as { uri: string; diagnostics: EditorDiagnostic[] };
      this.#diagnosed.get(uri)?.(diagnostics);
    } else if (id !== undefined) {
      const asked = (params?.['items'] as { section: string }[] | undefined) ?? [];
      const answer =
        method === 'workspace/configuration'
          ? asked.map(({ section }) => (section === 'yaml' ? settings : null))
          : null;
      const body = JSON.stringify({ jsonrpc: '2.0', id, result: answer });
      this.#child.stdin?.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    }
  }
}
