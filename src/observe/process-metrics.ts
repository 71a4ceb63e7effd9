/**
 * What Prometheus users expect to know of a process, under prom-client's names for it.
 *
 * prom-client's collectDefaultMetrics is not used, as measured in the compiled executable (Bun 1.4.5): it takes 12 MB
 * resident and 9 ms with the package's index, 4 MB by paths (a Gauge needs node:util), where its Registry alone takes
 * 0.5 MB; its event-loop monitor wakes the idle process 100 times a second (0.7 % of a core); its GC and heap-space
 * metrics are about V8 and stay 0; and promtool objects to its `nodejs_active_*_total` gauges.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import type { MetricFamily, Sample } from "./metric-family.ts";

export function processMetricFamilies(): MetricFamily[] {
  const startSeconds = Math.round(Date.now() / 1000 - process.uptime());
  return [
    counter("process_cpu_user_seconds_total", "Total user CPU time spent in seconds.", () => cpuSeconds().user),
    counter("process_cpu_system_seconds_total", "Total system CPU time spent in seconds.", () => cpuSeconds().system),
    counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", () => cpuSeconds().total),
    gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", () => startSeconds),
    gauge("process_resident_memory_bytes", "Resident memory size in bytes.", () => process.memoryUsage.rss()),
    gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", readVirtualMemoryBytes),
    gauge("process_open_fds", "Number of open file descriptors.", countOpenFileDescriptors),
    gauge("process_max_fds", "Maximum number of open file descriptors.", readMaxFileDescriptors),
    gauge("nodejs_heap_size_total_bytes", "JavaScript heap size in bytes.", () => process.memoryUsage().heapTotal),
    gauge("nodejs_heap_size_used_bytes", "JavaScript heap size used in bytes.", () => process.memoryUsage().heapUsed),
    gauge("nodejs_external_memory_bytes", "Memory outside the heap in bytes.", () => process.memoryUsage().external),
    {
      name: "nodejs_eventloop_lag_seconds",
      help: "Lag of event loop in seconds, as met by this scrape.",
      type: "gauge",
      read: measureEventLoopLag,
    },
  ];
}

function counter(name: string, help: string, read: () => number | null): MetricFamily {
  return { name, help, type: "counter", read: () => sampleOf(read()) };
}

function gauge(name: string, help: string, read: () => number | null): MetricFamily {
  return { name, help, type: "gauge", read: () => sampleOf(read()) };
}

/** No sample, rather than a made-up one, where this system does not tell (macOS has no /proc). */
function sampleOf(value: number | null): Sample[] {
  return value === null ? [] : [{ labels: {}, value }];
}

function cpuSeconds(): { user: number; system: number; total: number } {
  const { user, system } = process.cpuUsage();
  return { user: user / 1e6, system: system / 1e6, total: (user + system) / 1e6 };
}

async function measureEventLoopLag(): Promise<Sample[]> {
  const startMs = performance.now();
  await new Promise((resolve) => setImmediate(resolve));
  return [{ labels: {}, value: Math.max(0, performance.now() - startMs) / 1000 }];
}

function readVirtualMemoryBytes(): number | null {
  const kibibytes = /^VmSize:\s+(\d+) kB/m.exec(readProc("/proc/self/status"))?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

function readMaxFileDescriptors(): number | null {
  const soft = /^Max open files\s+(\d+)/m.exec(readProc("/proc/self/limits"))?.[1];
  return soft === undefined ? null : Number(soft);
}

/** Since Linux 6.2 the directory's size is their number; listing 20,000 of them stops the loop for 10 ms. */
function countOpenFileDescriptors(): number | null {
  try {
    const { size } = statSync("/proc/self/fd");
    return size > 0 ? size : readdirSync("/proc/self/fd").length;
  } catch {
    // No /proc on this system: the metric is left out.
    return null;
  }
}

function readProc(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // No /proc on this system: the metric is left out.
    return "";
  }
}
