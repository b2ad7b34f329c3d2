"""Family `catalog`: will a strong event occur in a circle in the coming days?"""
