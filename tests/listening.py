"""Which addresses processes listen on."""

import ipaddress

import psutil


def open_to_others(pids):
    """Return the addresses beyond this machine's own on which these processes or their children listen."""
    found = set()
    for pid in pids:
        process = psutil.Process(pid)
        for each in [process, *process.children(recursive=True)]:
            for connection in connections(each):
                address = ipaddress.ip_address(connection.laddr.ip)
                mapped = getattr(address, "ipv4_mapped", None) or address
                if connection.status == psutil.CONN_LISTEN and not mapped.is_loopback:
                    found.add((each.name(), str(address), connection.laddr.port))
    return found


def connections(process):
    """Return the sockets of a process; one that has ended meanwhile has none."""
    try:
        return process.net_connections(kind="inet")
    except psutil.NoSuchProcess:
        return []
