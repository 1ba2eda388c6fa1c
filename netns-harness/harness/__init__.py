"""Real routers, hosts and guests in network namespaces. Start with topology.py."""
