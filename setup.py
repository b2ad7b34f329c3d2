"""Metadata of the package; settings of the tools stand in pyproject.toml."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "([^"]+)"', (HERE / "mleq" / "__init__.py").read_text())[1]


class BuildWithShelf(build_py):
    """Puts recipe.json and the shelf inside the built package, where they are found away from a clone."""

    def run(self):
        """Build, then copy the recipes."""
        super().run()
        if self.editable_mode:
            return
        shelf = Path(self.build_lib) / "mleq" / "shelf"
        shelf.mkdir(parents=True, exist_ok=True)
        for path in [HERE / "recipe.json", *sorted((HERE / "recipes").glob("*.json"))]:
            shutil.copy(path, shelf / path.name)


test = ["pytest>=8", "hypothesis>=6", "pytest-xdist>=3", "ruff", "playwright>=1.40", "axe-playwright-python>=0.1.4"]
waveform = ["obspy>=1.4", "h5py>=3", "zarr>=3"]
csep = ["pycsep>=0.8"]
docs = ["sphinx>=8", "myst-parser>=4", "furo>=2024.8.6", "latex2mathml>=3.77"]
distributed = ["dask>=2024.8", "distributed>=2024.8", "bokeh>=3.1"]  # bokeh draws Dask's dashboard

setup(
    name="mleq",
    version=VERSION,
    description="Earthquake forecasts from recipes, with an honest statement of what each is worth",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.11",
    packages=find_packages(include=["mleq", "mleq.*"]),
    include_package_data=True,
    cmdclass={"build_py": BuildWithShelf},
    install_requires=[
        "click>=8.1",
        "filelock>=3.12",
        "geographiclib>=2.0",
        "imbalanced-learn>=0.12",
        "keras>=3.5",
        "matplotlib>=3.8",
        "numpy>=1.26",
        "pandas>=2.2",
        "pyarrow>=15",
        "pydantic>=2.7",
        "requests>=2.31",
        "scikit-learn>=1.4",
        "scipy>=1.12",
        "tensorflow>=2.17",
        "tzdata>=2024.1",
        "urllib3>=2",
        # Boosted trees without the libraries for graphics cards, 5 MB instead of 300; there is no such wheel for macOS.
        "xgboost-cpu>=3; sys_platform != 'darwin'",
        "xgboost>=3; sys_platform == 'darwin'",
    ],
    extras_require={"csep": csep, "docs": docs, "distributed": distributed, "test": test, "waveform": waveform},
    entry_points={"console_scripts": ["mleq = mleq.cli:main"]},
)
