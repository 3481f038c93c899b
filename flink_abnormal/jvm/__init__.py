"""Java parts: what PyFlink can't do, as text that is compiled on the client and shipped as the job's jar."""
